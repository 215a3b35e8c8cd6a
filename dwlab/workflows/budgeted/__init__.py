"""Sweeps within a budget: cells are chosen round by round, and each is an ordinary cell."""
