-- total
-- Accesses, distinct sources and sensors of everything that passes the filters, in one row.
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
select cast(coalesce(sum(accesses), 0) as bigint) as accesses, count(distinct source) as sources, count(distinct sensor) as sensors
from pairs
where {filters}
