-- tallies
-- Accesses and cumulative sources (distinct source, day, sensor, target) by two keys, from the rollups: both add up over every key.
-- slot key
--   target: target
--   day: day
--   sensor: sensor
--   channel: channel
--   region: case when region = '' then 'unknown' else region end
-- slot other
--   target: target
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
--   targets: target in (:wanted)
select {key} as counted_key, {other} as other_key, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as cumulative_sources
from rollup
where {filters}
group by {key}, {other}
order by counted_key, other_key
