"""Which cells of a grid to make, so that a budget finds the cheapest setting that is good enough."""
