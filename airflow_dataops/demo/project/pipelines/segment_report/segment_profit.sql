select loaded_for as week, segment, households, sales, profit
from segment_profit
order by loaded_for, segment
