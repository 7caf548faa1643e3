"""Reads and validates what the user writes: configuration, contracts, headers, files of SQL.

Pure functions; nothing here opens a database. A source is the configuration of one production
database joined with its contract (`sources`). A file of SQL has a name, a text and the names that
it refers to (`sql_files`). Imports only `errors` and `identifiers` of the package.
"""
