"""Everything that talks to a database: connect, deploy, inspect, run, backfill, report.

Nothing here prints; output is in `terminal`. Imports `rendering` and `embedded`.
"""
