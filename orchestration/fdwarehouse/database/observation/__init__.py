"""What can be seen of a warehouse: its tables, its runs, its health. One module per topic.

Each reads with few statements and changes nothing; what shows it is elsewhere.
"""
