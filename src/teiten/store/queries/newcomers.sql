-- newcomers
-- Targets without a clean access from the beginning of the period to `since_at` and with one since: when the first came, how many clean
-- networks and sensors there were until `to_at`. Clean as in new_networks. Nearly all targets were met since `near_on`, and most of the
-- period's days are read for the others alone.
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
), lately as (
  select distinct target from pairs where {filters} and day >= :recent_on and first_at >= :since_at and first_at < :to_at
), known as (
  select distinct m.target
  from (select day, target, source from pairs where {filters} and day >= :near_on and first_at < :since_at) as m
  join lately as l on l.target = m.target
  left join broad as b on b.day = m.day and b.source = m.source
  where b.source is null
), unknown as (
  select l.target from lately as l left join known as k on k.target = l.target where k.target is null
), remembered as (
  select distinct m.target
  from (select day, target, source from pairs where {filters} and day < :near_on) as m
  join unknown as u on u.target = m.target
  left join broad as b on b.day = m.day and b.source = m.source
  where b.source is null
), clean as (
  select m.target, m.sensor, m.first_at,
    case when octet_length(m.source) = 4 then substr(hex(m.source), 1, 6) else substr(hex(m.source), 1, 12) end as network
  from (select day, sensor, target, source, first_at from pairs where {filters} and day >= :recent_on and first_at < :to_at) as m
  join unknown as u on u.target = m.target
  left join remembered as r on r.target = m.target
  left join broad as b on b.day = m.day and b.source = m.source
  where r.target is null and b.source is null
)
select target, min(first_at) as first_at, count(distinct network) as networks, count(distinct sensor) as sensors
from clean
group by target
order by target
