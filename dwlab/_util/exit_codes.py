"""Exit codes of the commands, besides 0 for success and those of `dwlab.errors`."""

from __future__ import annotations

SOME_DAMAGED = 1
SOME_FAILED = 3
SOME_NAN = 4
INTERRUPTED = 130
