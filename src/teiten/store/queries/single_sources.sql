-- single_sources
-- How many sources made one access in all that is asked for, by its target and sensor.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
select target, sensor, count(*) as sources from (
  select source, min(target) as target, min(sensor) as sensor
  from pairs
  where {filters}
  group by source
  having sum(accesses) = 1
) as once
group by target, sensor
