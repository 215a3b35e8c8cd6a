"""What stands in a panel, kept beside the results: it is there again after the kernel has restarted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.jsonfile import read_object
from ..errors import DwlabError

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
FOLDER = ".panels"  # in the results folder; it can be deleted at any time


class Memory:
    """A small file of JSON per panel. What cannot be read is forgotten, and what cannot be written is only logged.

    root: the results folder. panel: which panel, in any words. The file is made by the first `save` that says something new.
    """

    def __init__(self, root: Path, panel: str) -> None:
        self._path = root / FOLDER / f"{hashlib.sha256(panel.encode()).hexdigest()[:16]}.json"
        self._last: dict[str, Any] = {}

    def load(self) -> dict[str, Any]:
        """What was saved last; empty if there is nothing, or nothing readable."""
        with contextlib.suppress(DwlabError):
            self._last = read_object(self._path)
        return self._last

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state, whole or not at all, unless it is what is kept already."""
        if state == self._last:
            return
        self._last = state
        try:
            write_atomic(self._path, json.dumps(state).encode())
        except OSError as error:
            log.warning("what stands in the panel cannot be kept in %s: %s", self._path, error)
