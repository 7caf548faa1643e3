"""SQL as a tree of relational algebra: parsed, its names resolved, and printed again."""
