"""Which workers may work on a run: those that would make the pictures that were planned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models.identity import Identity
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute


class Admission:
    """Judges the workers of a run by what `tasks.check` answers to `parcel`.

    In exact mode all workers must draw the same small picture of each model as the first one that
    was accepted, because it is promised for equal devices and versions only.
    """

    def __init__(self, cells: Sequence[ResolvedCell], compute: Compute, topic: str) -> None:
        self.parcel = _examples(cells, compute, topic)
        self._first = ""
        self._canaries: Mapping[str, str] = {}
        self._machine: Mapping[str, object] = {}

    def refusal(self, worker: str, answer: str) -> str:
        """Why a worker may not work on the run, in words; empty if it may.

        worker: its name. answer: of `tasks.check`.
        """
        said = json.loads(answer)
        if said["difference"]:
            return str(said["difference"])
        if not self._first:
            self._first = worker
            self._canaries = said["canaries"]
            self._machine = said["machine"]
            return ""
        if said["canaries"] == self._canaries:
            return ""
        return (
            f"in exact mode its pixels differ from those of {self._first} (a small picture, "
            f"{_shown(self._canaries)} there and {_shown(said['canaries'])} here); exact mode needs "
            f"equal devices: {_facts(self._machine)} there, {_facts(said['machine'])} here"
        )


def _examples(cells: Sequence[ResolvedCell], compute: Compute, topic: str) -> wire.Parcel:
    """One cell of each kind; pictures that cells start from go along only if a canary needs them."""
    examples: dict[object, ResolvedCell] = {}
    models: dict[Identity, ResolvedCell] = {}
    for cell in cells:
        examples.setdefault((cell.params.kind(), cell.identity), cell)
        models.setdefault(cell.identity, cell)
    parcel = wire.parcel_of(list(examples.values()), compute, topic)
    if compute.exact is None:
        return wire.Parcel(parcel.document, {})
    canaries = wire.parcel_of(list(models.values()), compute, topic)
    return wire.Parcel(parcel.document, canaries.blobs)


def _shown(canaries: Mapping[str, str]) -> str:
    """The first digits of the hashes of canaries, or why there is none."""
    return ", ".join(text if " " in text else text[:10] for text in canaries.values())


def _facts(machine: Mapping[str, object]) -> str:
    threads = f" with {machine['threads']} threads" if "threads" in machine else ""
    return f"{machine['hardware']}{threads}"
