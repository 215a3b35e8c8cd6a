"""Chunks on workers that requests and sweeps share: what is urgent passes what is patient."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from ..errors import DwlabError
from ..models import loading
from ..render.lane import Lane
from . import tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .wire import Answer


def render_urgent(document: str, blobs: Mapping[str, bytes]) -> Answer:
    """Make the pictures of a chunk before those of patient ones; see `tasks.render_chunk`."""
    _leave_room()
    return tasks.make(document, blobs, _lane().render)


def render_patient(document: str, blobs: Mapping[str, bytes]) -> Answer:
    """Make the pictures of a chunk while nothing urgent waits; see `tasks.render_chunk`."""
    _leave_room()
    return tasks.make(document, blobs, _lane().render_patiently)


def load(document: str, blobs: Mapping[str, bytes]) -> str:
    """Load the models of a chunk, so that pictures need not wait for them; returns why not, or nothing."""
    try:
        for cell in tasks.rebuilt(json.loads(document), blobs).cells():
            loading.load_identified(cell.identity)
    except DwlabError as error:
        return str(error)
    return ""


def _leave_room() -> None:
    """Let the worker begin another task beside this one; the lane renders for one at a time."""
    from distributed import secede

    secede()  # type: ignore[no-untyped-call]


@functools.cache
def _lane() -> Lane:
    """The lane of this process."""
    lane = Lane()
    lane.start()
    return lane
