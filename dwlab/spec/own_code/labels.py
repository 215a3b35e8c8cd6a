"""What methods are called beside each other: by their names, and by their code if that is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .recipe import STOCK

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 8  # of a hash


def method_labels(methods: Sequence[tuple[str, str]]) -> list[str]:
    """The label of each method, of its name and its code's hash; ("", "") is the stock call.

    Methods of one name whose code differs have the first digits of the hash in their labels.
    """
    codes: dict[str, set[str]] = {}
    for name, code in methods:
        codes.setdefault(name, set()).add(code)
    labels = []
    for name, code in methods:
        label = name or STOCK
        labels.append(f"{label} {code[:DIGITS]}" if len(codes[name]) > 1 else label)
    return labels
