"""Benchmarks that can be believed: each configuration in fresh processes, in shuffled rounds, beside a CPU reference."""
