-- latest
-- The newest rows, newest first, without credentials and content.
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
select observed_at, sensor, channel, kind, category, source, region, target, times, source_port, destination_port, protocol, handshake,
  account, client, request, size, encrypted, session, outcome
from rows
where {filters}
order by observed_at desc, sensor, channel, source, target
limit :top
