"""The demo: a shop, its production data, a changed day, questions; and Airflow on this machine.

Imports `database` and `terminal`.
"""
