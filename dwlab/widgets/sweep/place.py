"""Where the sweep panel computes: a text that people can edit, and what it means."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from ...spec.where import LOCAL

if TYPE_CHECKING:
    from ...spec.compute import Compute

FIELD = "where"
TEXT_LIMIT = 500  # characters


class Place:
    """The panel's field "Where". given: how to compute if nothing is typed."""

    def __init__(self, given: Compute) -> None:
        self._given = given
        self.text = given.where if isinstance(given.where, str) else ""

    def take(self, text: object) -> None:
        """Take what somebody typed."""
        if isinstance(text, str):
            self.text = text[:TEXT_LIMIT].strip()

    def edit(self) -> dict[str, str]:
        """What is kept of an edit; empty if there is none."""
        return {FIELD: self.text} if self.text not in ("", self._given.where) else {}

    @property
    def compute(self) -> Compute:
        """How to compute; raises InvalidInput if the text names no place."""
        if not self.text:
            return self._given
        return replace(self._given, where=self.text)

    def choices(self) -> list[str]:
        """Places to begin with, for the field's list."""
        processes = [f"cpu*{os.cpu_count()}"] if (os.cpu_count() or 1) > 1 else []
        return [LOCAL, *processes, "cuda:*", "dask://127.0.0.1:8786", "slurm partition=gpu time=2h"]
