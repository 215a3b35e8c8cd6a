"""Sweeps as archives: packed for others, and taken in from them."""
