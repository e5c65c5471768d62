"""Benchmarks of this package alone, for asv: its speed and memory over the history."""
