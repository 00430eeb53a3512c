-- leaders
-- Accesses, distinct sources and sensors of the targets with most accesses: found from the rollups, so that sources are told apart for these only.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
with foremost as (
  select target from rollup where {filters} group by target order by sum(accesses) desc, target limit :top
)
select target, cast(sum(accesses) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors
from pairs
where {filters} and target in (select target from foremost)
group by target
order by accesses desc, target
