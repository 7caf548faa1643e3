"""Tests over the shop's project with its tables written by hand; see conftest.py."""
