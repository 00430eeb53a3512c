-- cross
-- Accesses, distinct sources and sensors by two keys, in the order of both.
-- slot key
--   target: target
--   source: source
--   day: day
--   sensor: sensor
--   channel: channel
--   region: case when region = '' then 'unknown' else region end
-- slot other
--   target: target
--   source: source
--   day: day
--   sensor: sensor
--   channel: channel
--   region: case when region = '' then 'unknown' else region end
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
select {key} as counted_key, {other} as other_key, cast(sum(accesses) as bigint) as accesses, count(distinct source) as sources,
  count(distinct sensor) as sensors
from pairs
where {filters}
group by {key}, {other}
order by counted_key, other_key
