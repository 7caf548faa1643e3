"""The peer: pandas and psycopg2 extract, dbt transforms and tests."""
