"""CLIP's tokenizer, whose vocabulary ships with dwlab: checkpoints in one file hold none."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

CLASS = "CLIPTokenizer"
_MERGES = Path(__file__).parent / "clip_vocabulary" / "merges.txt"
_END_OF_WORD = "</w>"
_VOCABULARIES = ("vocab.json", "tokenizer.json")


def lacks_vocabulary(folder: Path) -> bool:
    """Whether a folder holds a CLIP tokenizer's config, but no vocabulary."""
    config = folder / "tokenizer_config.json"
    if not config.is_file() or any((folder / name).exists() for name in _VOCABULARIES):
        return False
    return read_object(config).get("tokenizer_class") == CLASS


def build(folder: Path) -> CLIPTokenizer:
    """A tokenizer with CLIP's own vocabulary and the special tokens of a folder's config."""
    from transformers import CLIPTokenizer

    config = read_object(folder / "tokenizer_config.json")
    names = ("bos_token", "eos_token", "unk_token", "pad_token", "model_max_length")
    options = {name: config[name] for name in names if name in config}
    return CLIPTokenizer(vocab=vocabulary(), merges=list(_merges()), **options)


def vocabulary() -> dict[str, int]:
    """CLIP's 49,408 tokens: bytes, bytes that end a word, merges, and the two special ones."""
    characters = _characters()
    tokens = [*characters, *(character + _END_OF_WORD for character in characters)]
    tokens += ["".join(pair) for pair in _merges()]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}


@functools.cache
def _merges() -> tuple[tuple[str, str], ...]:
    pairs = (line.split() for line in _MERGES.read_text("utf-8").splitlines())
    return tuple((first, second) for first, second in pairs)


def _characters() -> list[str]:
    """A printable character for each byte: its own, or one from 256 upwards (as in GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = 256 - len(printable)
    return [chr(code) for code in printable] + [chr(256 + number) for number in range(others)]
