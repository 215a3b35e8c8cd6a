"""Traces of pictures that were made before their sweep had probes: made again, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._util.counted import counted
from ..pictures.likeness import psnr
from ..spec.probes import FILM
from ..store.images import read_picture

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from ..pictures.picture import Picture
    from ..spec.sweep import SweepSpec
    from ..store.store import Store
    from .outcome import Outcome

# what rounding on another machine or in half precision leaves, in dB
PSNR_LEAST = 30.0


class TraceFilling:
    """Writes the traces of pictures that are here, once they are made again.

    images: the paths of these pictures by key.
    """

    def __init__(self, store: Store, outcome: Outcome, images: Mapping[str, str]) -> None:
        self._store = store
        self._outcome = outcome
        self._images = images
        self._differing = 0

    def __contains__(self, key: str) -> bool:
        return key in self._images

    def take(self, picture: Picture) -> None:
        """Write the traces of a picture, if it came again as it is here."""
        image = self._images[picture.key]
        if not self._is_same(image, picture):
            self._differing += 1
            return
        film = self._store.save_film(image, picture.film) if picture.film else None
        self._store.traces.fill(picture.key, image, picture.traces, film)
        self._outcome.filled += 1

    def _is_same(self, image: str, picture: Picture) -> bool:
        known = read_picture(self._store.root / image)
        if known is None or known.size != picture.image.size:
            return False
        return psnr(known, picture.image) >= PSNR_LEAST

    def notes(self) -> list[str]:
        """What became of it, in sentences."""
        notes = []
        if self._outcome.filled:
            notes.append(f"traces were filled in for {counted(self._outcome.filled, 'picture')}")
        if self._differing:
            notes.append(
                f"{counted(self._differing, 'picture')} came out differently when made again, so the traces were not "
                "kept; `dwlab verify --sample` says how far they are apart"
            )
        return notes


def lacking_hints(spec: SweepSpec, store: Store | None, keys: Container[str]) -> list[str]:
    """A sentence on finished pictures of a sweep without traces of its probes. keys: its cells."""
    if store is None or not spec.probes:
        return []
    images = store.traces.lacking(spec.name, spec.probe_names)
    count = sum(key in keys for key in images)
    return [lacking_note(count, spec.probe_names)] if count else []


def lacking_note(count: int, probes: Sequence[str]) -> str:
    """What to say of pictures without traces."""
    were = "was" if count == 1 else "were"
    parts = f"traces of {', '.join(probes)}" + (" or their film" if FILM in probes else "")
    return (
        f"{counted(count, 'picture')} {were} rendered before the probes and lack {parts}; --fill-traces "
        "(fill_traces=True in Python) makes the pictures again and keeps the traces alone"
    )
