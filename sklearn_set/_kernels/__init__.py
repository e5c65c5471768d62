"""Compiled kernels: their C++ headers, and which build of them runs."""
