-- new_networks
-- First meetings of clean networks (IPv4 /24, IPv6 /48) with a target, by the sensor that was first and the hour: a network is new when it
-- did not meet the target in the :memory microseconds before. Left out are sources that met `broad` targets or more on that day or the day
-- before, at any sensor. Only targets with `least` new networks since `recent_at` that were met at `sensors` sensors since `near_at`. Meetings
-- from `since_at` on, before `to_at`; those older than a day are counted by spans of 24 hours back from `to_at`, under the first of each.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
-- slot everywhere
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
with surveying as (
  select day, source from surveys where {everywhere} and targets >= :broad
), broad as (
  select day, source from surveying union select cast(day + interval '1' day as date) as day, source from surveying
), near as (
  select m.target
  from (select day, sensor, target, source from pairs where {filters} and first_at >= :near_at and first_at < :to_at) as m
  left join broad as b on b.day = m.day and b.source = m.source
  where b.source is null
  group by m.target
  having count(distinct m.sensor) >= :sensors
), clean as (
  select m.target, m.sensor, m.first_at, m.last_at,
    case when octet_length(m.source) = 4 then substr(hex(m.source), 1, 6) else substr(hex(m.source), 1, 12) end as network
  from (select day, sensor, target, source, first_at, last_at from pairs where {filters} and first_at < :to_at) as m
  join near as n on n.target = m.target
  left join broad as b on b.day = m.day and b.source = m.source
  where b.source is null
), placed as (
  select target, sensor, first_at,
    max(last_at) over (partition by target, network order by first_at, sensor rows between unbounded preceding and 1 preceding) as before_at
  from clean
), fresh as (
  select target, sensor, first_at from placed where first_at >= :since_at and (before_at is null or first_at - before_at > :memory)
), enough as (
  select target from fresh where first_at >= :recent_at group by target
  having count(*) >= :least and count(distinct case when first_at >= :near_at then sensor end) >= :sensors
), aged as (
  select f.target, f.sensor, f.first_at, :to_at - 1 - f.first_at as age from fresh as f join enough as e on e.target = f.target
)
select target, sensor, min(first_at) as first_at, count(*) as networks
from aged
group by target, sensor, case when age < 86400000000 then age - age % 3600000000 else age - age % 86400000000 end
order by target, sensor, first_at
