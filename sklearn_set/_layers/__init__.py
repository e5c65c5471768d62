"""Sparse layers, the batches that go through them, and the solvers that change them."""
