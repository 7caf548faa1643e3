"""Runs unit tests of models: gives rows, builds the model in every way, compares its rows.

Nothing here commits: it works in a transaction in which the project is deployed apart.
"""
