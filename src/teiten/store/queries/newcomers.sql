-- newcomers
-- Of every group and channel at once: targets without a clean access from the beginning of the period to `since_at` and with one since: when
-- the first came, how many clean networks and sensors there were until `to_at`. Clean as in new_networks. Nearly all targets were met since
-- `near_on`, and most of the period's days are read for the others alone.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   category: category = :category
with surveying as (
  select day, channel, source from surveys
  where {filters} and ((channel = 'packet' and targets >= :broad_packet) or (channel = 'web' and targets >= :broad_web))
), broad as (
  select day, channel, source from surveying
  union select cast(day + interval '1' day as date) as day, channel, source from surveying
), lately as (
  select distinct s.sensor_group, m.channel, m.target
  from (
    select sensor, channel, target from pairs
    where {filters} and day >= :recent_on and first_at >= :since_at and first_at < :to_at
  ) as m
  join sensors as s on s.name = m.sensor
), known as (
  select distinct l.sensor_group, l.channel, l.target
  from (select day, sensor, channel, target, source from pairs where {filters} and day >= :near_on and first_at < :since_at) as m
  join sensors as s on s.name = m.sensor
  join lately as l on l.target = m.target and l.channel = m.channel and l.sensor_group = s.sensor_group
  left join broad as b on b.day = m.day and b.channel = m.channel and b.source = m.source
  where b.source is null
), unknown as (
  select l.sensor_group, l.channel, l.target
  from lately as l
  left join known as k on k.target = l.target and k.channel = l.channel and k.sensor_group = l.sensor_group
  where k.target is null
), remembered as (
  select distinct u.sensor_group, u.channel, u.target
  from (select day, sensor, channel, target, source from pairs where {filters} and day < :near_on) as m
  join sensors as s on s.name = m.sensor
  join unknown as u on u.target = m.target and u.channel = m.channel and u.sensor_group = s.sensor_group
  left join broad as b on b.day = m.day and b.channel = m.channel and b.source = m.source
  where b.source is null
), clean as (
  select u.sensor_group, u.channel, u.target, m.sensor, m.first_at,
    case when octet_length(m.source) = 4 then substr(hex(m.source), 1, 6) else substr(hex(m.source), 1, 12) end as network
  from (
    select day, sensor, channel, target, source, first_at from pairs where {filters} and day >= :recent_on and first_at < :to_at
  ) as m
  join sensors as s on s.name = m.sensor
  join unknown as u on u.target = m.target and u.channel = m.channel and u.sensor_group = s.sensor_group
  left join remembered as r on r.target = u.target and r.channel = u.channel and r.sensor_group = u.sensor_group
  left join broad as b on b.day = m.day and b.channel = m.channel and b.source = m.source
  where r.target is null and b.source is null
)
select sensor_group, channel, target, min(first_at) as first_at, count(distinct network) as networks, count(distinct sensor) as sensors
from clean
group by sensor_group, channel, target
order by sensor_group, channel, target
