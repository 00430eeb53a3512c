-- bounds
-- First and last day with rows that pass the filters; one row, nulls when there are none.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   sensor: sensor = :sensor
--   group: sensor in (select name from sensors where sensor_group = :group)
--   target: target = :target
select min(day) as first_on, max(day) as last_on
from rollup
where {filters}
