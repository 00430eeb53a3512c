-- days
-- For each day: accesses, distinct sources, sensors, and the sum over sensors of their distinct sources, in one pass over the pairs.
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
select day, cast(sum(accesses) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors,
  count(*) as source_days
from (
  select day, sensor, source, sum(accesses) as accesses
  from pairs
  where {filters}
  group by day, sensor, source
) as met
group by day
order by day
