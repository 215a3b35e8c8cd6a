"""`dwlab serve`: the HTTP API and its page, on the same renderer and store as every other door."""
