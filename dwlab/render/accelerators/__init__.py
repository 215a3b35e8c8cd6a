"""Ways to draw a picture with less work: one file each, and a table of all.

Another one is an entry in `dwlab.spec.accelerators` (its settings, what it fits, what it saves), and
here a file with a function that takes a `Drawing` and the settings, listed in `table`. The function
returns a context manager; the cell's own stock pipeline is called within it.
"""
