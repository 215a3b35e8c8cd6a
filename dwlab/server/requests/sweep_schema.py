"""The OpenAPI schema of a sweep's request."""

from __future__ import annotations

from typing import Any

from ...spec.probes import PROBES
from ...spec.search_request import OF_GRIDS, TARGETS
from . import seed_text

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


def _axis(number: dict[str, Any]) -> dict[str, Any]:
    """The schema of an axis whose ranges are made of such numbers."""
    bounds = {"type": "array", "items": number, "maxItems": 3}
    return {
        "anyOf": [
            {"type": "array", "minItems": 1},
            {"type": "object", "properties": {"range": bounds}},
            {"type": "object", "properties": {"linspace": bounds}},
            {"type": "object", "properties": {"random": {"type": "integer", "minimum": 1}}},
        ]
    }


_NUMBERS = _axis({"type": "number"})
_AXES = {
    "steps": _NUMBERS,
    "guidance": _NUMBERS,
    "scheduler": _NUMBERS,
    "seed": _axis(seed_text.SCHEMA),
}
_BASE = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": _TEXT,
        "negative_prompt": _TEXT,
        "call": {"type": "object"},
        "seed": {"anyOf": [*seed_text.SCHEMA["anyOf"], {"const": "random"}]},
    },
}
_SEARCH = {
    "type": "object",
    "properties": {
        "method": {"enum": list(OF_GRIDS)},
        "margin": {"type": "number", "exclusiveMinimum": 0},
        "seed": {"type": "integer", "minimum": 0},
        "held_out": {"type": "integer", "minimum": 1},
        "target": {"enum": list(TARGETS)},
    },
}
SWEEP_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "base"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"},
        "model": _TEXT,
        "base": _BASE,
        "axes": {"type": "object", "properties": _AXES},
        "zip": {"type": "array", "items": _TEXTS},
        "skip": {"type": "array", "items": {"type": "object"}},
        "metrics": _TEXTS,
        "metric": _TEXT,
        "probes": {"type": "array", "items": {"enum": list(PROBES)}, "uniqueItems": True},
        "budget": {
            "type": "string",
            "description": "what the sweep may spend on cells that a search chooses",
            "examples": ["2000 rows", "30min", "500 pictures"],
        },
        "search": {"anyOf": [{"enum": list(OF_GRIDS)}, _SEARCH]},
    },
    "example": {"name": "trial", "base": {"prompt": "a red star"}, "axes": {"steps": [2, 8]}},
}
