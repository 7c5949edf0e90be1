"""Our tables in Airflow's metadata database; tasks never read them."""
