"""Code of a user's own that a recipe names: read, hashed and checked without running it."""
