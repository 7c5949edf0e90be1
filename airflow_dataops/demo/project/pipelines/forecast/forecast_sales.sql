create table if not exists forecast_sales (
    made_for date primary key,
    sales    numeric(14, 2) not null
);

delete from forecast_sales where made_for = '{{ run_date }}';

insert into forecast_sales
values ('{{ run_date }}', {{ ti.xcom_pull('predict.to_publish.mean') }});
