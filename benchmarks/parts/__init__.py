"""The parts of the benchmark, one module each, with `run(arena, options, log)`."""
