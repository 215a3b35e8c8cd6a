"""The state of a panel, kept beside the results: it comes back after a kernel restart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from .._util.jsonfile import read_object
from ..errors import DwlabError

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
FOLDER = ".panels"  # in the results folder; it can be deleted at any time


class SavedState:
    """A small JSON file per panel, made by the first `save` of something new.

    An unreadable file counts as none, and a failed write is only logged. root: the results folder.
    panel: any name for the panel.
    """

    def __init__(self, root: Path, panel: str) -> None:
        name = hashlib.sha256(panel.encode()).hexdigest()[:16]
        self._path = root / FOLDER / f"{name}.json"
        self._last: dict[str, object] = {}

    def load(self) -> dict[str, object]:
        """The state that was saved last; empty if there is none, or none that can be read."""
        with contextlib.suppress(DwlabError):
            self._last = read_object(self._path)
        return self._last

    def save(self, state: dict[str, object]) -> None:
        """Save a state, whole or not at all; does nothing if it is the saved one already."""
        if state == self._last:
            return
        self._last = state
        try:
            write_atomic(self._path, json.dumps(state).encode())
        except OSError as error:
            log.warning("the state of the panel cannot be saved in %s: %s", self._path, error)
