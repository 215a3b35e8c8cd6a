"""The `parameters` text of AUTOMATIC1111 and its kin: a prompt, a negative prompt, and a line of `Name: value` pairs."""

from __future__ import annotations

import re

PAIRS_LIMIT = 20_000  # characters of the line of pairs
# their names -> the words of `recipes`
WORDS = {
    "Steps": "steps", "CFG scale": "guidance", "Seed": "seed", "Size": "size", "Sampler": "sampler", "Model": "model",
    "Model hash": "hash", "Schedule type": "schedule",
}  # fmt: skip
_NEGATIVE = "Negative prompt:"
_STEPS_FIRST = re.compile(r"Steps: \d+(\.\d+)?\s*([,|]|$)")
_PAIR = re.compile(
    r'(?:^|,)\s*+(\w[\w /+-]{0,60}):\s*+("(?:\\.|[^"\\])*+"|\d+,\d+(?=\s*(?:,|$))|[^,]*+)'
)


def parse(text: str) -> list[tuple[str, str]] | None:
    """The pairs of a text, those of WORDS and others, with `prompt` and `negative_prompt` first; None without any.

    The line of pairs is the one with most of WORDS, of several the last; without one, a negative prompt must show
    that the text is a recipe.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    last = _line_of_pairs(lines)
    end = len(lines) if last is None else last
    negative = next((k for k, line in enumerate(lines[:end]) if line.startswith(_NEGATIVE)), None)
    if last is None and negative is None:
        return None
    pairs = [] if last is None else lines[last:]
    piped = bool(pairs) and " | " in pairs[0]  # as SD.Next wrote it once
    if piped:
        end, pairs = _with_line_above(lines, end, pairs)
    prompt = "\n".join(lines[: end if negative is None else negative])
    read = [("prompt", prompt.removeprefix("prompt: ") if piped else prompt)]
    if negative is not None:
        read.append(("negative_prompt", "\n".join(lines[negative:end]).removeprefix(_NEGATIVE)))
    return read + _pairs(", ".join(pairs))


def _line_of_pairs(lines: list[str]) -> int | None:
    """The place of the line with most of WORDS: a quoted extra may hold lines that look like one."""
    counts = {k: _known(line) for k, line in enumerate(lines)}
    likely = [
        k
        for k, line in enumerate(lines)
        if _STEPS_FIRST.match(line) or (_begins(line) and counts[k] >= 3)
    ]
    return max(likely, key=lambda k: (counts[k], k), default=None)


def _begins(line: str) -> bool:
    return line.partition(":")[0] in WORDS


def _known(line: str) -> int:
    return sum(name in WORDS for name, _ in _pairs(line)) if _begins(line) else 0


def _pairs(line: str) -> list[tuple[str, str]]:
    line = line[:PAIRS_LIMIT]
    if " | " in line:
        line = line.replace(" | ", ", ")
    return [(name.strip(), value.strip().strip('"')) for name, value in _PAIR.findall(line)]


def _with_line_above(lines: list[str], end: int, pairs: list[str]) -> tuple[int, list[str]]:
    """Where the prompts end, and the pairs, a line `Version: ..., Pipeline: ...,` above them included."""
    above = lines[end - 1].rstrip() if end else ""
    if above.endswith(",") and above.startswith("Version: "):
        return end - 1, [*pairs, above.rstrip(",")]
    return end, pairs
