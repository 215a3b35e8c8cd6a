"""The texts that `a {red|blue} star` stands for, made by dynamicprompts.

dynamicprompts takes time and memory without end for some texts, so they are counted first, and only
its combinations are used: no files of words, no variables, no comments, no random choices.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from ..errors import InvalidInput, MissingExtra
from . import prompt_syntax
from .prompt_text import PROMPT_LIMIT

LIMIT = 10_000  # texts of one axis
CHARACTERS_LIMIT = 20_000_000  # of all texts together
DEPTH_LIMIT = 10  # braces within each other
OPTIONS_LIMIT = 300  # in all braces together
_MANY = 10**12  # beyond this, texts are not counted
_ALLOWED = 'text like "a {red|blue} star", or {2$$a|b|c} for two of three'
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
# {2$$...}, {1-2$$...}, {2$$ and $$...}: how many of the options, and what stands between them
_BOUND = re.compile(r"\{\s*(\d{1,2})?(-)?(\d{1,2})?\$\$([^${}|]*\$\$)?")
# a brace, with what says how many of its options are taken, or an end of an option
_STEP = re.compile(rf"{_BOUND.pattern}|[{{|}}]")
# Characters in which dynamicprompts sees more than text, and what stands for them meanwhile.
_STAND_INS = {ord(character): 0xE010 + number for number, character in enumerate("$%#/_~@!")}
_STAND_INS_BACK = {stand_in: character for character, stand_in in _STAND_INS.items()}
_NAME_START = "\ue000"
_NAME_END = "\ue001"
_COMMAND = re.compile(r"[$%]\{")
_PRIVATE = re.compile("[\ue000-\ue0ff]")


def variants(field: str, text: object) -> tuple[str, ...]:
    """The texts that a text with variants stands for, each once, in the order in which they differ.

    `{a|b}` is a or b, also within each other; `{2$$a|b|c}` is any two of them with a comma between
    them, in any order, and `{1-2$$ and $$a|b}` one or two with `and`. A name alone in braces stays,
    for it is a placeholder. Raises InvalidInput, and MissingExtra without dynamicprompts.
    """
    texts = _texts(_checked(field, text))
    if not texts:
        raise InvalidInput(field, text, _ALLOWED)
    return texts


def _checked(field: str, text: object) -> str:
    """A text that can be expanded in little time; raises InvalidInput for any other."""
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(field, text, _ALLOWED)
    if len(text) > PROMPT_LIMIT:
        raise InvalidInput(field, text, f"at most {PROMPT_LIMIT:,} characters")
    if _PRIVATE.search(text):
        raise InvalidInput(field, text, "text without characters for private use")
    wildcard = prompt_syntax.examples(text).get(prompt_syntax.WILDCARD)
    if wildcard:
        allowed = "no wildcards; write a name in braces, like {colour}, and give it an axis"
        raise InvalidInput(field, wildcard, allowed)
    command = _COMMAND.search(text)
    if command:
        raise InvalidInput(field, text, f"no variables and commands: {command[0]}")
    count = _Count(field, text).texts()
    most = min(LIMIT, CHARACTERS_LIMIT // len(text))
    if count > most:
        shown = f"{count:,}" if count < _MANY else "far more"
        raise InvalidInput(field, text, f"1 to {most:,} texts (this makes {shown})")
    return text


# a sweep is made anew for each override
@functools.lru_cache(maxsize=8)
def _texts(text: str) -> tuple[str, ...]:
    """The texts that a checked text stands for; none if it cannot be read."""
    try:
        from dynamicprompts.generators import CombinatorialPromptGenerator
    except ModuleNotFoundError:
        raise MissingExtra("an axis of variants", "models") from None
    try:
        made = CombinatorialPromptGenerator().generate(_hidden(text), LIMIT)
    # what its parser raises depends on the text
    except Exception:  # noqa: BLE001
        return ()
    return tuple(dict.fromkeys(map(_shown, made)))


def _hidden(text: str) -> str:
    """A text in which only the syntax of variants is left."""
    text = _PLACEHOLDER.sub(rf"{_NAME_START}\1{_NAME_END}", text)
    parts = []
    end = 0
    for bound in _BOUND.finditer(text):
        parts += [text[end : bound.start()].translate(_STAND_INS), bound[0]]
        end = bound.end()
    return "".join([*parts, text[end:].translate(_STAND_INS)])


def _shown(text: str) -> str:
    text = text.translate(_STAND_INS_BACK)
    return text.replace(_NAME_START, "{").replace(_NAME_END, "}")


@dataclass
class _Group:
    """Braces while they are read.

    least, most: how many options are taken; most is None for all. finished: texts of the options
    before the present one. present: texts of the present option so far.
    """

    least: int = 1
    most: int | None = 1
    options: int = 1
    finished: int = 0
    present: int = 1

    def next_option(self) -> None:
        self.options += 1
        self.finished = min(self.finished + self.present, _MANY)
        self.present = 1

    def texts(self) -> int:
        """How many texts the braces stand for, or somewhat more."""
        single = self.finished + self.present
        most = min(self.options if self.most is None else self.most, self.options)
        count = 0
        for taken in range(min(self.least, most), most + 1):
            count += single**taken
            if count > _MANY:
                return _MANY
        return max(1, count)


class _Count:
    """Counts the texts of a text with variants without making them."""

    def __init__(self, field: str, text: str) -> None:
        self._field = field
        self._text = text
        self._open = [_Group()]
        self._options = 0

    def texts(self) -> int:
        """How many texts there are, or somewhat more; raises InvalidInput for uneven braces."""
        for step in _STEP.finditer(_PLACEHOLDER.sub("", self._text)):
            if step[0].startswith("{"):
                self._begin(step)
            elif len(self._open) == 1:
                self._refuse_loose(step[0])
            elif step[0] == "|":
                self._next_option()
            else:
                self._end()
        if len(self._open) > 1:
            raise InvalidInput(self._field, self._text, "as many } as {")
        return self._open[0].present

    def _begin(self, step: re.Match[str]) -> None:
        if len(self._open) > DEPTH_LIMIT:
            raise InvalidInput(self._field, self._text, f"at most {DEPTH_LIMIT} braces deep")
        self._open.append(_group(step))
        self._count_option()

    def _next_option(self) -> None:
        self._open[-1].next_option()
        self._count_option()

    def _count_option(self) -> None:
        self._options += 1
        if self._options > OPTIONS_LIMIT:
            raise InvalidInput(self._field, self._text, f"at most {OPTIONS_LIMIT} options in all")

    def _end(self) -> None:
        count = self._open.pop().texts()
        outer = self._open[-1]
        outer.present = min(outer.present * count, _MANY)

    def _refuse_loose(self, character: str) -> None:
        if character == "}":
            raise InvalidInput(self._field, self._text, "as many } as {")


def _group(step: re.Match[str]) -> _Group:
    if step[0] == "{":
        return _Group()
    least, dash, most, _ = step.groups()
    if not dash:
        taken = int(least or 1)
        return _Group(least=taken, most=taken)
    return _Group(least=int(least or 1), most=int(most) if most else None)
