"""Tests by guarantee and by layer."""
