-- matching
-- Targets whose bytes contain a text, with first and last day and accesses; `wanted` is the text in upper-case hexadecimal digits.
-- slot text
--   part: position(:wanted in hex(target)) > 0
--   any: 1 = 1
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
--   to: day < :to_on
--   channel: channel = :channel
--   category: category = :category
--   group: sensor in (select name from sensors where sensor_group = :group)
select channel, target, min(day) as first_on, max(day) as last_on, cast(sum(accesses) as bigint) as accesses
from rollup
where {text} and {filters}
group by channel, target
order by accesses desc, channel, target
limit :top
