select 1 as order_id, 10.5 as amount union all select 2, 4.5
