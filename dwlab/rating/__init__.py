"""Blind rating of pictures in pairs: which pair comes next, and what a rater's window is told."""
