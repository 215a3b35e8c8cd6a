"""How a command of dwlab ends, as a number: 0 is all right, 2 is bad input."""

from __future__ import annotations

SOME_DAMAGED = 1
SOME_FAILED = 3
SOME_NAN = 4
INTERRUPTED = 130
