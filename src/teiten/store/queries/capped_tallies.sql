-- capped_tallies
-- As tallies, for publication: accesses with each source capped for a target and day, and cumulative networks (distinct IPv4 /24 or IPv6 /48,
-- day, sensor and target) in place of sources. Both add up over every key. From the pairs: dearer than tallies.
-- slot key
--   target: target
--   day: day
--   channel: channel
--   region: case when region = '' then 'unknown' else region end
-- slot other
--   target: target
--   day: day
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
with met as (
  select channel, target, day, sensor, source, region, accesses,
    case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end as network
  from pairs
  where {filters}
), parts as (
  select channel, target, day, max(region) as region, case when sum(accesses) > :most then :most else sum(accesses) end as accesses, 0 as networks
  from met
  group by channel, target, day, source
  union all
  select channel, target, day, max(region) as region, 0 as accesses, 1 as networks
  from met
  group by channel, target, day, sensor, network
)
select counted_key, other_key, cast(sum(accesses) as bigint) as accesses, cast(sum(networks) as bigint) as cumulative_networks, {day} as of_day
from (
  select {key} as counted_key, {other} as other_key, day, accesses, networks from parts
) as told
group by grouping sets ({sets})
order by counted_key, other_key
