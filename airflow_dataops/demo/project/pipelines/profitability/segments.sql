-- Sales and profit of one week by income group. Names are unqualified: they live in the
-- kitchen's own schema.
--
-- The data hold prices, no costs. Cost of goods is taken as 70 % of the shelf price, which is
-- what was paid plus every discount; manufacturers pay the coupons' value back. This is an
-- assumption of the demo, and makes segments that buy on discount less profitable.
create table if not exists segment_profit (
    loaded_for date not null,
    segment    text not null,
    households bigint not null,
    sales      numeric(14, 2) not null,
    profit     numeric(14, 2) not null,
    primary key (loaded_for, segment)
);

delete from segment_profit where loaded_for = '{{ run_date }}';

insert into segment_profit (loaded_for, segment, households, sales, profit)
select
    t.loaded_for,
    coalesce(h.income, 'not known'),
    count(distinct t.household_id),
    sum(t.sales_value),
    sum(
        t.sales_value + t.coupon_disc
        - 0.70 * (t.sales_value + t.retail_disc + t.coupon_disc + t.coupon_match_disc)
    )
from transactions as t
left join households as h on h.household_id = t.household_id
where t.loaded_for = '{{ run_date }}'
group by t.loaded_for, coalesce(h.income, 'not known');
