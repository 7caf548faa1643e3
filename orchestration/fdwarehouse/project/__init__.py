"""What the user wrote, read and checked: configuration, contracts, headers, files of SQL.

Pure functions; nothing here opens a database. A source is the configuration of one production
database joined with its contract (`sources`); a file of SQL knows its name, its text and what it
refers to (`sql_files`). Imports nothing of the package but `errors` and `identifiers`.
"""
