"""Measurements: figures of one run, side by side. Not part of the tests."""
