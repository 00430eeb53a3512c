-- intervals
-- When sensors were observing: intervals in microseconds UTC, cut at midnight of the zone, in order; they may overlap.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
select day, sensor, from_at, to_at
from coverage
where {filters}
order by day, sensor, from_at, to_at
