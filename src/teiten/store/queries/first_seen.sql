-- first_seen
-- Targets whose first day lies at or after `since`, with that day, the last day and the accesses; from the rollups of all time up to the end.
-- slot filters
--   all: 1 = 1
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
--   targets: target in (:wanted)
select channel, target, min(day) as first_on, max(day) as last_on, cast(sum(accesses) as bigint) as accesses
from rollup
where {filters}
group by channel, target
having min(day) >= :since
order by first_on, channel, target
