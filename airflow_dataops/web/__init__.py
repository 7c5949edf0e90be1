"""The REST API, and later the pages, that the plugin mounts into Airflow's API server."""
