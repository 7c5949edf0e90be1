"""HTML for people, in Airflow's own page or by itself: kitchens, schedules, what needs attention.

A page works without a script; scripts make it quicker. What a page changes goes through the
functions that answer the REST API, so both refuse alike.
"""
