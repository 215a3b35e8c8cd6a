"""The page of `dwlab rate`."""
