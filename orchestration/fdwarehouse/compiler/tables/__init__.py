"""What is deployed for a file: its table, constraints and indexes, its change log, its writer.

There is one module per kind of table (`table`, `silver_table`, `dimension`, `view`). `plan` decides
whether a table is incremental, `statement` writes its writer. Imports `algebra` and `deltas`.
"""
