"""The history of the prompt bench: the pictures that were made in it, pinned ones first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ..._util.html import data_uri
from ...errors import DwlabError
from ...pictures import recipes
from ...pictures.inputs import stored
from ...spec.inputs import PICTURES, digest_of
from ...store.images import read_picture
from ..small_pictures import small_jpeg
from .stage import PICTURE_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...store.history_search import HistoryEntry
    from ...workflows.explore import Session

PAGE = 60  # pictures that "Older" adds
THUMBNAIL_SIDE = 96  # pixels, at most


class HistoryStrip:
    """Reads the history from the store, and turns its entries into what the page shows."""

    def __init__(self, session: Session, root: Path) -> None:
        self.limit = PAGE
        self.goes_on = False  # whether the last `thumbnails` left older pictures out
        self._session = session
        self._root = root
        self._addresses: dict[tuple[str, int], str] = {}  # of (image or reference, side)

    def thumbnails(self) -> list[dict[str, object]]:
        """All pinned pictures, then the `limit` newest others, as the page takes them."""
        entries = self._session.history(self.limit + 1)
        not_pinned = [entry for entry in entries if not entry.marks.get("pin")]
        self.goes_on = len(not_pinned) > self.limit
        if self.goes_on:
            entries = entries[:-1]
        return [self.shown(entry, THUMBNAIL_SIDE) for entry in entries]

    def shown(self, entry: HistoryEntry, side: int = PICTURE_SIDE) -> dict[str, object]:
        """A picture of the history as the page takes it, at most `side` pixels large."""
        params = json.loads(entry.params)
        return {
            "key": entry.key,
            "text": recipes.line(params),
            "inputs": [params[name] for name in PICTURES if name in params],
            "state": "done",
            "src": self._address(entry.image, side),
            **entry.marks,
        }

    def inputs(self, shown: Iterable[dict[str, object]]) -> dict[str, str]:
        """The pictures that those `shown` started from: how a recipe names one -> its address.

        One that is no longer in the results folder is left out.
        """
        addresses = {}
        for picture in shown:
            for reference in cast("list[str]", picture["inputs"]):
                address = self._input_address(reference)
                if address:
                    addresses[reference] = address
        return addresses

    def _input_address(self, reference: str) -> str:
        if (reference, THUMBNAIL_SIDE) not in self._addresses:
            try:
                picture = stored(self._root, str(digest_of(reference)))
            except (DwlabError, OSError):
                return ""
            small = small_jpeg(picture, side=THUMBNAIL_SIDE)
            self._addresses[reference, THUMBNAIL_SIDE] = data_uri(small, "jpeg")
        return self._addresses[reference, THUMBNAIL_SIDE]

    def _address(self, image: str, side: int) -> str:
        """The picture as an address that holds it; empty if its file cannot be read now."""
        if (image, side) not in self._addresses:
            picture = read_picture(self._root / image)
            if picture is None:
                return ""
            self._addresses[image, side] = data_uri(small_jpeg(picture, side=side), "jpeg")
        return self._addresses[image, side]
