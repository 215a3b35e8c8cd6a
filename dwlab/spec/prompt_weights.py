"""Reads `(word:1.2)` in a prompt: the parts of the text, and how much each of them counts."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import InvalidInput, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LITERAL = "literal"
COMPEL = "compel"
WEIGHTINGS = (LITERAL, COMPEL)
WEIGHT_LIMIT = 10.0
PARTS_LIMIT = 100  # with a weight of their own
LOWERED_LIMIT = 30  # of them below 1, each of which costs a run of the text encoder
_ROUND = 1.1
_SQUARE = 1 / 1.1
_OPENS = {"(": _ROUND, "[": _SQUARE}
_CLOSES = {")": "(", "]": "["}
# an escaped bracket, a weight with its bracket, a bracket, or anything else
_TOKEN = re.compile(r"\\[()\[\]\\]|:\s*([+-]?[\d.]{1,12})\s*\)|[()\[\]]|[^\\()\[\]:]+|[\\:]")


@dataclass(frozen=True)
class Part:
    """A piece of a prompt. weight: 1 is as usual, 0 is as if it were not there."""

    text: str
    weight: float


@dataclass
class _Bracket:
    """An open bracket. factor: what it multiplies the weights of its text by."""

    kind: str
    factor: float


@dataclass
class _Reader:
    """A prompt while it is read.

    steps: texts, opened brackets, and None for each bracket that was closed.
    """

    steps: list[str | _Bracket | None] = field(default_factory=list)
    open: list[_Bracket] = field(default_factory=list)

    def read(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in _OPENS:
                self._open(token)
            elif match[1] is not None:
                self._close("(", token, _number(match[1]))
            elif token in _CLOSES:
                self._close(_CLOSES[token], token)
            else:
                self.steps.append(_unescaped(token))

    def _open(self, kind: str) -> None:
        # one that is never closed counts up to the end of the prompt
        bracket = _Bracket(kind, _OPENS[kind])
        self.open.append(bracket)
        self.steps.append(bracket)

    def _close(self, kind: str, token: str, factor: float | None = None) -> None:
        if not self.open or self.open[-1].kind != kind:
            self.steps.append(token)
            return
        if factor is not None:
            self.open[-1].factor = factor
        elif token[0] == ":":
            # not a number, so the colon belongs to the text
            self.steps.append(token[:-1])
        self.open.pop()
        self.steps.append(None)

    def parts(self) -> Iterator[Part]:
        weights = [1.0]
        for step in self.steps:
            if isinstance(step, str):
                yield Part(step, round(weights[-1], 6))
            elif step is None:
                weights.pop()
            else:
                weights.append(weights[-1] * step.factor)


# the same texts are checked, counted and encoded
@functools.lru_cache(maxsize=4096)
def parts_of(name: str, text: str) -> tuple[Part, ...]:
    r"""The parts of a prompt with their weights; neighbours of one weight are joined.

    `(word:1.2)` multiplies the weight by 1.2, `(word)` by 1.1 and `[word]` divides it by 1.1, also
    within each other; `\(` is a plain bracket. This is how AUTOMATIC1111 reads prompts. Takes time
    in proportion to the text. name: of the parameter, for errors. Raises InvalidInput for weights
    outside 0 to 10 and for too many parts.
    """
    reader = _Reader()
    reader.read(text)
    parts = tuple(_joined(reader.parts()))
    for part in parts:
        if not 0 <= part.weight <= WEIGHT_LIMIT:
            allowed = f"weights from 0 to {WEIGHT_LIMIT:g}, multiplied where brackets are nested"
            text_shown = shortened(part.text.strip(), 40)
            raise InvalidInput(name, f"{text_shown} (weight {part.weight:g})", allowed)
    weighted = sum(part.weight != 1 for part in parts)
    if weighted > PARTS_LIMIT:
        allowed = f"at most {PARTS_LIMIT} parts with weights"
        raise InvalidInput(name, f"a text with {weighted:,} of them", allowed)
    lowered = sum(part.weight < 1 for part in parts)
    if lowered > LOWERED_LIMIT:
        allowed = f"at most {LOWERED_LIMIT} parts with weights below 1"
        raise InvalidInput(name, f"a text with {lowered:,} of them", allowed)
    return parts


def without_weights(parts: Iterable[Part]) -> str:
    """The text that the parts make together."""
    return "".join(part.text for part in parts)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _unescaped(token: str) -> str:
    is_escaped = len(token) == 2 and token[0] == "\\"
    return token[1] if is_escaped else token


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    for weight, group in itertools.groupby(parts, key=lambda part: part.weight):
        yield Part(without_weights(group), weight)
