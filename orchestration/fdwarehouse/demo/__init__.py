"""The demo: a shop, its production data, a day of changes, questions; Airflow on this machine.

Imports `database` and `terminal`.
"""
