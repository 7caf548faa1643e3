"""From a project to the files that a deploy executes: templates in, SQL out, in their order.

Pure functions; the SQL itself is in `mechanics/`. Imports `project` and `compiler`.
"""
