-- breadth
-- How widely targets were seen: accesses with each source capped for an item and day, sources, their networks (IPv4 /24, IPv6 /48),
-- allocations (/16, /32) and blocks (/8, /16), first and last access, and the sensors. One row for each key; the keys come first.
-- slot key
--   target: target
--   target_day: target, day
--   target_region: target, case when region = '' then 'unknown' else region end
--   day: day
--   channel: channel
--   channel_day: channel, day
--   region: case when region = '' then 'unknown' else region end
--   channel_region: channel, case when region = '' then 'unknown' else region end
--   whole: cast(0 as integer)
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
--   targets: target in (:wanted)
with met as (
  select channel, target, day, source, region, accesses, first_at, last_at, sensor from pairs where {filters}
), single as (
  select channel, target, day, source, max(region) as region, sum(accesses) as accesses, min(first_at) as first_at, max(last_at) as last_at
  from met
  group by channel, target, day, source
), parts as (
  select channel, target, day, source, region, accesses, first_at, last_at, case when 1 = 0 then region end as sensor from single
  union all
  select distinct channel, target, day, case when 1 = 0 then source end, region, cast(0 as bigint),
    case when 1 = 0 then first_at end, case when 1 = 0 then last_at end, sensor
  from met
)
select {key},
  cast(sum(case when accesses > :most then :most else accesses end) as bigint) as capped, cast(sum(accesses) as bigint) as accesses,
  count(distinct source) as sources,
  count(distinct case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end) as networks,
  count(distinct case when octet_length(source) = 4 then substr(hex(source), 1, 4) else substr(hex(source), 1, 8) end) as allocations,
  count(distinct case when octet_length(source) = 4 then substr(hex(source), 1, 2) else substr(hex(source), 1, 4) end) as blocks,
  min(first_at) as first_at, max(last_at) as last_at, count(distinct sensor) as sensors
from parts
group by {key}
