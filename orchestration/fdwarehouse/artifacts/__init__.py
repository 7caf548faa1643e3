"""Descriptions of a warehouse in formats that other tools read. One module per format."""
