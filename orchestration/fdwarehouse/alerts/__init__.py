"""Tells people and programs what is wrong: messages, and the channels that carry them.

Imports `database` for the state, `project` for the channels, and `site` for the names of its pages.
"""
