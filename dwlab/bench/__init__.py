"""Benchmarks to be trusted: fresh processes, shuffled rounds, and a CPU reference beside them."""
