"""What notebooks call: open a sweep, a benchmark or the prompt bench."""

from .bench import open_bench
from .sweep import explore, open_sweep

__all__ = ["explore", "open_bench", "open_sweep"]
