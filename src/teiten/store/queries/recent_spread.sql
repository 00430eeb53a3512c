-- recent_spread
-- Each target of the last hours, since `since_at` and before `to_at`: accesses of the touched pairs, the most of one source, sources, broad
-- ones among them, clean networks, the most of them at one sensor, and the sensors they met. Only targets with `least` accesses.
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
  select distinct source from surveys where {everywhere} and targets >= :broad
), met as (
  select p.target, p.sensor, p.source, p.accesses, case when s.source is null then 0 else 1 end as surveys,
    case when octet_length(p.source) = 4 then substr(hex(p.source), 1, 6) else substr(hex(p.source), 1, 12) end as network
  from (select target, sensor, source, accesses from pairs where {filters} and last_at >= :since_at and first_at < :to_at) as p
  left join surveying as s on s.source = p.source
), of_source as (
  select target, source, sum(accesses) as accesses, max(surveys) as surveys from met group by target, source
), of_sensor as (
  select target, sensor, count(distinct network) as networks from met where surveys = 0 group by target, sensor
), of_target as (
  select target, count(distinct network) as networks from met where surveys = 0 group by target
), most as (
  select target, max(networks) as most_networks, count(*) as sensors from of_sensor group by target
), whole as (
  select target, cast(sum(accesses) as bigint) as accesses, cast(max(accesses) as bigint) as most_accesses, count(*) as sources,
    cast(sum(surveys) as bigint) as broad_sources
  from of_source
  group by target
)
select w.target, w.accesses, w.most_accesses, w.sources, w.broad_sources, coalesce(t.networks, 0) as networks,
  coalesce(m.most_networks, 0) as most_networks, coalesce(m.sensors, 0) as sensors
from whole as w
left join of_target as t on t.target = w.target
left join most as m on m.target = w.target
where w.accesses >= :least
order by w.target
