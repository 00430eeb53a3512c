-- daily_sensors
-- For each day: accesses (category access), and the sum over sensors of their distinct sources, from the daily summaries.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
-- slot channels
--   one: channel = :channel
--   every: channel = '*'
select day, cast(sum(accesses) as bigint) as accesses, cast(sum(sources) as bigint) as source_days
from daily
where sensor <> '*' and {filters} and {channels}
group by day
order by day
