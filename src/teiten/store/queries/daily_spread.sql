-- daily_spread
-- Clean networks (IPv4 /24, IPv6 /48) of each target and day. Left out are sources that met `broad` targets or more on that day, at any
-- sensor: they survey everything and say nothing about one target.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   targets: target in (:wanted)
-- slot everywhere
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
select m.target, m.day,
  count(distinct case when octet_length(m.source) = 4 then substr(hex(m.source), 1, 6) else substr(hex(m.source), 1, 12) end) as networks
from (select day, target, source from pairs where {filters}) as m
left join (select day, source from surveys where {everywhere} and targets >= :broad) as b on b.day = m.day and b.source = m.source
where b.source is null
group by m.target, m.day
order by m.target, m.day
