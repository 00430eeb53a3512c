-- observed_by_sensor
-- On how many days each sensor observed, the first and the last of them: a heartbeat or an import covers some of it, or a row came from it.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   group: sensor in (select name from sensors where sensor_group = :group)
select sensor, count(distinct day) as days, min(day) as first_on, max(day) as last_on from (
  select day, sensor from coverage where {filters}
  union all
  select day, sensor from presence where {filters}
) as observed
group by sensor
order by sensor
