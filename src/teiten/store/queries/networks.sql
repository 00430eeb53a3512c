-- networks
-- The same by network: IPv4 /24, IPv6 /48, as hexadecimal digits of the prefix, with its region (the first by name where its sources have several). `place` lets the caller cut after ties.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
--   source: source = :source
-- slot order
--   accesses: accesses
--   sources: sources
-- slot limit
--   none: 1 = 1
--   top: place <= :top
select network, accesses, sources, sensors, region from (
  select network, accesses, sources, sensors, region, rank() over (order by {order} desc) as place from (
    select case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end as network,
      cast(sum(accesses) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors,
      min(case when region = '' then 'unknown' else region end) as region
    from pairs
    where {filters}
    group by case when octet_length(source) = 4 then substr(hex(source), 1, 6) else substr(hex(source), 1, 12) end
  ) as counted
) as placed
where {limit}
