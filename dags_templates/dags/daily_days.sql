select count(*) from days
