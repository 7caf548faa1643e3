"""The torture test: writers, runs and disasters all at once, and then a look at every row.

In the manner of Jepsen (https://jepsen.io):

arena     two servers of its own, with a proxy between them that can drop and freeze connections
workload  writers at work on production, some honest and some unruly
runs      pipeline runs, of every kind, at random moments
control   what most people have instead: a pipeline that asks for updated_at > max(updated_at)
nemesis   what strikes meanwhile: kills, crashes, cut networks, deploys, changes of the time zone
checker   whether the warehouse holds what it should, row by row
campaign  the rounds, and the report

`make test` runs a short one, `make torture` a long one.
"""
