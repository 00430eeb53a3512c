-- breakdowns
-- Accesses and cumulative sources (distinct source, day, sensor, target) by several keys at once, from the rollups, which are read once.
-- A row has the keys of one set; the others are null. Both numbers add up over every key.
-- slot sets
--   whole: (target), (region)
--   daily: (target), (region), (day, region)
-- slot day
--   whole: cast(null as date)
--   daily: day
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
select target, region, {day} as day, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as cumulative_sources
from (
  select target, case when region = '' then 'unknown' else region end as region, day, accesses, sources from rollup where {filters}
) as told
group by grouping sets ({sets})
