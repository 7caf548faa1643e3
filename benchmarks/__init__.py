"""What the warehouse costs, beside what others cost, on the same two servers in one run.

    make bench                                       everything, at 1 million orders: hours
    BENCH_SCALE=0.01 BENCH_REPEATS=1 make bench      everything, small: minutes
    BENCH_ONLY=pipeline,bronze make bench            some parts

`benchmarks/results/` gets a table, its numbers and the plots. The peers run in an environment of
their own, `benchmarks/.venv`, each in a process of its own: nothing of theirs is imported here.
"""
