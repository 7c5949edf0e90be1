-- One text, which is what a container takes: the sales of each week, with blanks between.
select string_agg(sales::text, ' ' order by loaded_for)
from (select loaded_for, sum(sales) as sales from segment_profit group by loaded_for) as week;
