"""Methodologies and factor tables as data; this package holds no logic."""
