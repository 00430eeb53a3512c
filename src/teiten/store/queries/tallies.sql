-- tallies
-- Accesses and cumulative sources (distinct source, day, sensor, target) by two keys, from the rollups, which are read once: both add up
-- over every key. `sets`: the pair of keys, or each key alone; a row has the keys of one set, the others are null.
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
-- slot sets
--   pair: (counted_key, other_key)
--   whole: (counted_key), (other_key)
--   daily: (counted_key), (other_key), (day, other_key)
-- slot day
--   pair: cast(null as date)
--   whole: cast(null as date)
--   daily: day
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
select counted_key, other_key, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as cumulative_sources, {day} as of_day
from (
  select {key} as counted_key, {other} as other_key, day, accesses, sources from rollup where {filters}
) as told
group by grouping sets ({sets})
order by counted_key, other_key
