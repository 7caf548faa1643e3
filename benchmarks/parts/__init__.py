"""What is measured, a module a part; each has `run(arena, options, log)`."""
