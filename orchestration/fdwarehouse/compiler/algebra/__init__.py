"""SQL as a tree of relational algebra: parsing, name resolution, printing."""
