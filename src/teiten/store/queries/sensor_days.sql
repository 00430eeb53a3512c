-- sensor_days
-- For each day: accesses, and the sum over sensors of their distinct sources (the numerators of "per sensor and day").
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
select day, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as source_days from (
  select day, sensor, sum(accesses) as accesses, count(distinct source) as sources
  from pairs
  where {filters}
  group by day, sensor
) as by_sensor
group by day
order by day
