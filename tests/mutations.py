"""Inputs made worse: mutants of experiment files and of pictures, the same ones for the same seed."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pngs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = Path(__file__).parent / "cases"
EXPERIMENTS = Path(__file__).parent.parent / "experiments"
# what is put into a text: signs of YAML, of JSON and of other tools' parameters, numbers at limits, hidden characters
PIECES = (
    ": ", "- ", " #", "&a ", "*a", "!!int ", "!x ", "%", "@", "`", "'", '"', "\\", "{", "}", "[", "]", ",", "|\n", ">\n", "? ", "<<: ",
    "---\n", "\t", "\r", "\n", "\n\n", "  ", "~", "null", "yes", "=", "007", "1e400", "0x10", "1_0", ".nan", "-.inf", "12:30",
    "9" * 30, "-1", "{a}", "{{", "}}", "seed: ", "prompt: ", "axes: ", "{range: [0, 3]}", "{random: 2}", "\0", "\x07", "\ufeff",
    "\u2028", "\u202e", "é", "星", "🦄", "\ud800", "x" * 3000, "[" * 60, "{a: " * 60, "Steps: 8, ", "Negative prompt: ", " | ", "NaN",
    '"seed": ', "\\u0000", "\\ud800", "1e999", "true",
)  # fmt: skip


def yaml_mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` experiment files, each one of the cases or, as often, of `experiments/` after one to four changes."""
    chance = random.Random(seed)
    cases = [path.read_bytes() for path in sorted((CASES / "yaml").iterdir())]
    ours = [path.read_bytes() for path in sorted(EXPERIMENTS.glob("*.yaml"))]
    for _ in range(count):
        data = chance.choice(chance.choice([cases, ours]))
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(_TEXT_CHANGES)(data, chance)
        yield data


def png_mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` pictures: a case whose bytes, chunks or texts were changed; check sums are right in most."""
    chance = random.Random(seed)
    whole = [path.read_bytes() for path in sorted((CASES / "png").iterdir())]
    for _ in range(count):
        data = chance.choice(whole)
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(_PICTURE_CHANGES)(data, chance)
        yield data


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def _flip(data: bytes, chance: random.Random) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _remove(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.randint(1, 20) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(data))
    end = min(len(data), start + chance.randint(1, 60))
    return data[:end] + data[start:]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(PIECES).encode("utf-8", "surrogatepass") + data[at:]


def _replace_word(data: bytes, chance: random.Random) -> bytes:
    words = data.split(b" ")
    words[chance.randrange(len(words))] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
    return b" ".join(words)


def _swap_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _recode(data: bytes, chance: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(
        chance.choice(["utf-16", "utf-8-sig", "latin-1"]), "replace"
    )


_TEXT_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _flip, _remove, _repeat, _insert, _insert, _insert, _replace_word, _replace_word, _swap_lines, _recode,
)  # fmt: skip


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, content) of a PNG's chunks, as far as they go."""
    found, at = [], len(pngs.SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _joined(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return pngs.SIGNATURE + b"".join(pngs.chunk(kind, body) for kind, body in chunks)


def _change_a_text(data: bytes, chance: random.Random) -> bytes:
    chunks = chunks_of(data)
    texts = [k for k, (kind, _) in enumerate(chunks) if kind.endswith(b"Xt")]
    if texts:
        k = chance.choice(texts)
        kind, body = chunks[k]
        chunks[k] = kind, chance.choice(_TEXT_CHANGES)(body, chance)
    return _joined(chunks)


def _shuffle_chunks(data: bytes, chance: random.Random) -> bytes:
    chunks = chunks_of(data)
    chance.shuffle(chunks)
    return _joined(chunks)


def _repeat_a_chunk(data: bytes, chance: random.Random) -> bytes:
    chunks = chunks_of(data)
    return _joined([*chunks, *chunks[chance.randint(0, len(chunks)) :]])


def _rename_a_chunk(data: bytes, chance: random.Random) -> bytes:
    chunks = chunks_of(data)
    if chunks:
        k = chance.randrange(len(chunks))
        chunks[k] = (
            chance.choice([b"tEXt", b"zTXt", b"iTXt", b"IDAT", b"IEND", b"\0\0\0\0"]),
            chunks[k][1],
        )
    return _joined(chunks)


def _rename_a_keyword(data: bytes, chance: random.Random) -> bytes:
    words = (
        b"parameters",
        b"prompt",
        b"workflow",
        b"dwlab",
        b"invokeai_metadata",
        b"Comment",
        b"Software",
        b"fooocus_scheme",
    )
    return (
        data
        if not data
        else _joined(chunks_of(data.replace(chance.choice(words), chance.choice(words))))
    )


_PICTURE_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _flip, _remove, _repeat, _change_a_text, _change_a_text, _change_a_text, _shuffle_chunks, _repeat_a_chunk,
    _rename_a_chunk, _rename_a_keyword,
)  # fmt: skip
