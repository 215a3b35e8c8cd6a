"""What a sweep needs to be made again and does not contain: models, adapters, and their hashes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ...spec.names import LISTS, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...store.cells import CellRow

# of an entry of a recipe: what identifies its file
_NAMES = ("file", "name", "hub", "revision", "sha256", "model", "weights", "encoder_sha256")


class Needs:
    """Collects what the cells of a sweep need."""

    def __init__(self) -> None:
        self._cells: Counter[str] = Counter()

    def add(self, row: CellRow, recipe: Mapping[str, Any]) -> None:
        """Take in a cell. recipe: as `portable_recipe` returns it."""
        model = {"kind": "model", "name": recipe["model"], "fingerprint": row.weights}
        self._cells[json.dumps(model)] += 1
        for kind, entry in _files(recipe):
            named = {name: entry[name] for name in _NAMES if entry.get(name)}
            self._cells[json.dumps({"kind": kind, **named}, sort_keys=True)] += 1

    def as_list(self) -> list[dict[str, Any]]:
        """Each model and file with how many cells need it, the most needed first."""
        entries = sorted(self._cells.items(), key=lambda entry: (-entry[1], entry[0]))
        return [{**json.loads(text), "cells": count} for text, count in entries]


def _files(recipe: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in LISTS:
        for entry in recipe.get(name, ()):
            yield name, entry
    for name in PARTS:
        value = recipe.get(name)
        entries = value.items() if name == "components" and value else [(name, value)]
        for part, source in entries:
            if source:
                yield part, source if isinstance(source, dict) else {"model": source}
