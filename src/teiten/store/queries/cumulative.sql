-- cumulative
-- Cumulative sources: the number of distinct (source, day, sensor, target), by one key. It adds up over targets, days and sensors.
-- slot key
--   target: target
--   source: source
--   day: day
--   sensor: sensor
--   channel: channel
--   region: case when region = '' then 'unknown' else region end
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
select counted_key, count(*) as cumulative_sources from (
  select distinct {key} as counted_key, source, day, sensor, channel, target
  from pairs
  where {filters}
) as counted
group by counted_key
order by cumulative_sources desc, counted_key
