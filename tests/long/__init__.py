"""Tests that run longer than the suite: ``python tests/long/robustness.py``."""
