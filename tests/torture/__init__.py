"""The torture test: concurrent writers, runs and failures, followed by a check of every row.

In the manner of Jepsen (https://jepsen.io):

arena     two separate servers, with a proxy between them that can drop and freeze connections
workload  writers on production, some honest and some unruly
runs      pipeline runs, of every kind, at random moments
control   a typical alternative: a pipeline that reads rows with updated_at > max(updated_at)
nemesis   failures: kills, crashes, cut networks, deploys, changes of the time zone
checker   compares the warehouse with what it should contain, row by row
campaign  the rounds, and the report

`make test` runs a short one, `make torture` a long one.
"""
