"""The old name of `dwlab.notebook.bench`, for notebooks that import it."""

from .notebook.bench import open_bench

__all__ = ["open_bench"]
