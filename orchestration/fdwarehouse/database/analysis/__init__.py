"""Asks the warehouse about the project's SELECTs: columns, types, dependencies, cost.

The compiler is pure, so a deploy asks PostgreSQL first: it creates each definition as a view in a
transaction that is rolled back, and passes the answers to `compiler`.
"""
