"""``airflow dataops …``: the command line. Definitions here, bodies loaded when one is run."""
