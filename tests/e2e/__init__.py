"""Tests on a whole Airflow, which ends with them."""
