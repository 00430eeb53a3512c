-- counts
-- Accesses, distinct sources and sensors by one key, from the pairs of a period.
-- slot key
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
-- slot order
--   accesses: accesses desc, counted_key
--   sources: sources desc, counted_key
--   key: counted_key
-- slot limit
--   none:
--   top: limit :top
select counted_key, accesses, sources, sensors from (
  select {key} as counted_key, cast(sum(accesses) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors
  from pairs
  where {filters}
  group by {key}
) as counted
order by {order}
{limit}
