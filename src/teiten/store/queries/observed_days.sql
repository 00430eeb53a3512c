-- observed_days
-- How many sensors observed each day: a heartbeat or an import covers some of it, or a row came from it.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
select day, count(distinct sensor) as sensors from (
  select day, sensor from coverage where {filters}
  union all
  select day, sensor from presence where {filters}
) as observed
group by day
order by day
