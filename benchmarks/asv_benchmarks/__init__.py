"""Benchmarks of this package alone, for asv: how its speed changes with its history."""
