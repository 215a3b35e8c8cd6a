"""Finds what other tools understand in a prompt: weights, LoRAs, wildcards and variants."""

from __future__ import annotations

import re

WEIGHTS = "weights"
LORA = "lora"
WILDCARD = "wildcard"
VARIANTS = "variants"
# Each reads a text in time proportional to its length: no part can begin where it has been.
_PATTERNS = {
    WEIGHTS: re.compile(
        r"\([^()\[\]{}<>]{1,200}:\s*[+-]?\d[\d.]{0,11}\s*\)|\(\([^()\[\]]{1,200}\)\)|\[\[[^()\[\]]{1,200}\]\]"
    ),
    LORA: re.compile(r"<(?:lora|lyco|hypernet):[^<>]{1,200}>"),
    WILDCARD: re.compile(r"(?<!\w)__(?=[A-Za-z0-9*/-])[\w*/-]{1,100}?__(?!\w)"),
    VARIANTS: re.compile(r"\{[^{}|]{0,200}\|[^{}]{0,200}\}"),
}


def examples(text: str) -> dict[str, str]:
    """The first example of each kind of such syntax in a prompt, by kind."""
    by_kind = {}
    for kind, pattern in _PATTERNS.items():
        match = pattern.search(text)
        if match:
            by_kind[kind] = match[0]
    return by_kind
