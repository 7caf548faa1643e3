"""Tests of the shop's project with tables written by hand; see conftest.py."""
