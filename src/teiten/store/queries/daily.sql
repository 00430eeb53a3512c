-- daily
-- Accesses (category access), distinct sources and sensors of each day, from the daily summaries: of all sensors together.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
-- slot channels
--   one: channel = :channel
--   every: channel = '*'
select day, cast(sum(case when sensor = '*' then accesses else 0 end) as bigint) as accesses,
  cast(sum(case when sensor = '*' then sources else 0 end) as bigint) as sources,
  cast(sum(case when sensor = '*' then 0 else 1 end) as bigint) as sensors
from daily
where {filters} and {channels}
group by day
order by day
