-- present
-- Sensors and days with at least one row.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
select distinct sensor, day
from presence
where {filters}
order by sensor, day
