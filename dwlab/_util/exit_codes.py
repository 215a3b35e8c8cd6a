"""How a command of dwlab ends, as a number: 0 is all right, 2 is bad input."""

from __future__ import annotations

SOME_DAMAGED, SOME_FAILED, SOME_NAN, INTERRUPTED = 1, 3, 4, 130
