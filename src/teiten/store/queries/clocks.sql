-- clocks
-- The shortest time from an observation to its receipt, per sensor, in microseconds: below zero the sensor's clock is ahead of the centre's.
-- slot filters
--   all: 1 = 1
--   from: day >= :from_on
select sensor, min(received_at - observed_at) as least_delay
from rows
where {filters}
group by sensor
order by sensor
