"""Staff's rights in Airflow's own pages, under the FAB auth manager.

The only room that touches FAB's tables. Other auth managers know no rights on single DAGs.
"""
