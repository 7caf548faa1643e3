"""Writes what is deployed for a file: table, constraints and indexes, change log, writer.

There is one module per kind of table (`table`, `silver_table`, `dimension`, `view`). `plan` decides
whether a table is incremental, `statement` compiles its writer. Imports `algebra` and `deltas`.
"""
