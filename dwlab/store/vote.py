"""A vote: which of two pictures somebody likes better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    """What a rater says of a pair: the better picture, equally good, or no judgement."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    SKIP = "skip"


@dataclass(frozen=True)
class Pair:
    """Two pictures that a rater is shown, by their keys, as they stood side by side.

    id: a random name, under which the rater's page knows the pair. number: grows from pair to pair
    of a rater.
    """

    id: str
    experiment: str
    rater: str
    number: int
    left: str
    right: str


@dataclass(frozen=True)
class Vote:
    """A pair with what its rater said. voted: when, UTC, ISO 8601."""

    pair: Pair
    choice: Choice
    voted: str
