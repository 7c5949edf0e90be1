"""What Airflow loads into every process to find our middleware and, later, our views."""
