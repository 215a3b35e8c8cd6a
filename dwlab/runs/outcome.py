"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Outcome:
    """How a run ended.

    total: cells of the sweep. reused: finished before. made, failed: in this run. filled: of those
    reused, the ones whose traces were filled in.
    notes: what opening the results folder had to mend, and which prompts were not read to the end.
    begun: False if the run was cancelled while a model was downloaded, before anything was entered
    in the store.
    nan: finished pictures, of earlier runs too, with values that were not finite. warning: a line
    about them, if there are any. is_stopped: whether a search was stopped that would have chosen more cells.
    is_unchanged: whether its files are those of an earlier run, because nothing in them would be different.
    """

    name: str
    root: Path
    total: int = 0
    reused: int = 0
    made: int = 0
    failed: int = 0
    filled: int = 0
    notes: tuple[str, ...] = ()
    begun: bool = True
    nan: int = 0
    warning: str | None = None
    is_stopped: bool = False
    is_unchanged: bool = False

    @property
    def left(self) -> int:
        """Cells that were not reached because the run was stopped."""
        return self.total - self.reused - self.made - self.failed
