"""A data warehouse of a PostgreSQL database in another PostgreSQL database, in SQL alone."""

__version__ = "0.1.0"
