"""What notebooks call: open a sweep, a benchmark or the prompt bench."""

from .bench import open_bench
from .explore import explore
from .sweep import open_sweep

__all__ = ["explore", "open_bench", "open_sweep"]
