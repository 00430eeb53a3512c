-- target_networks
-- Networks that met the targets listed in `wanted`, with the sensor and the first time, since `since_at` and before `to_at`; not cleaned.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
select target, case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end as network,
  sensor, min(first_at) as first_at
from pairs
where {filters} and target in (:wanted) and last_at >= :since_at and first_at < :to_at
group by target, case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end, sensor
order by target, network, sensor
