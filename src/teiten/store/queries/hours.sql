-- hours
-- The same by local hour, from rows. `shift` is the zone's offset plus the microseconds from year 1 to 1970, so that no remainder is negative;
-- the caller asks once for each stretch of time in which the offset holds.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
--   source: source = :source
select (observed_at + :shift) - (observed_at + :shift) % 3600000000 as local_hour,
  cast(sum(times) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors
from rows
where observed_at >= :from_at and observed_at < :to_at and {filters}
group by (observed_at + :shift) - (observed_at + :shift) % 3600000000
order by local_hour
