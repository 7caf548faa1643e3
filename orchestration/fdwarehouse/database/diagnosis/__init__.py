"""What `fdwarehouse doctor` finds wrong or slow, one module per side. It changes nothing.

Each finding is made by one small function, from facts that are read once.
"""
