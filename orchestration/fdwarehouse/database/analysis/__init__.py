"""What the warehouse says of the project's SELECTs: their columns, types, dependencies, cost.

The compiler is pure, so a deploy asks PostgreSQL first: it creates each definition as a view in a
transaction that is rolled back, and hands the answers to `compiler`.
"""
