"""Measures the warehouse and its peers, on the same two servers in one run.

    make bench                                       everything, at 1 million orders: hours
    BENCH_SCALE=0.01 BENCH_REPEATS=1 make bench      everything, small: minutes
    BENCH_ONLY=pipeline,bronze make bench            some parts
    python -m benchmarks.many_tables                 the commands, on 500 tables in ten schemas

The results are a table, its numbers and plots in `benchmarks/results/`. The peers run in their own
environment, `benchmarks/.venv`, each in its own process: none of them is imported here.
"""
