"""Tests on a whole Airflow with FAB, which ends with them."""
