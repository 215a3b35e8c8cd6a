"""A finished picture, its PNG, and the recipe inside."""
