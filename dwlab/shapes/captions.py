"""The caption grammar of `shapes`: from a scene to words, and from words to what they ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .world import ATTRIBUTES, COLOURS, POSITIONS, SHAPES, SIZES, Scene

if TYPE_CHECKING:
    import numpy as np

WORDS = (
    "a", "an", "at", "the", "on", "of", "in", "with", "background", "centre", "picture",
    *SIZES, *COLOURS, *SHAPES, *POSITIONS,
)  # fmt: skip


def full_caption(scene: Scene) -> str:
    """The caption that names every attribute."""
    return compose(**scene.as_dict())


def compose(
    *,
    shape: str | None = None,
    size: str | None = None,
    colour: str | None = None,
    position: str | None = None,
    background: str | None = None,
) -> str:
    """A caption from the attributes that are given; without a shape the figure is left unnamed."""
    parts = []
    if shape or size or colour:
        parts.append(" ".join(word for word in ("a", size, colour, shape) if word))
    if position:
        parts.append(f"at the {position}")
    if background:
        parts.append(f"on a {background} background")
    return " ".join(parts)


def training_caption(scene: Scene, rng: np.random.Generator) -> str:
    """A caption of `scene` with attributes left out at random, so that the seed decides what is not said."""
    said = {k: v for k, v in scene.as_dict().items() if rng.random() < _KEEP[k]}
    if rng.random() < 0.5:  # half of the captions say everything
        said = scene.as_dict()
    if said.get("position") == "center":
        said["position"] = rng.choice(["center", "center", "centre", ""])
    caption = compose(**said)
    return caption.removeprefix("a ") if rng.random() < 0.1 else caption


_KEEP = {"size": 0.6, "colour": 0.75, "shape": 0.85, "position": 0.6, "background": 0.7}


def asked(prompt: str) -> dict[str, str]:
    """The attributes a prompt names, by attribute; words outside the grammar are passed over.

    The first naming of an attribute counts. A colour right before "background" is the
    background's; any other colour is the figure's. "centre" means "center".
    """
    words = ["center" if w == "centre" else w for w in re.findall(r"[a-z]+", prompt.lower())]
    found: dict[str, str] = {}
    for word, following in zip(words, [*words, ""][1:], strict=True):
        for attribute in ATTRIBUTES:
            if _names(attribute, word, following):
                found.setdefault(attribute, word)
    return {a: found[a] for a in ATTRIBUTES if a in found}


def _names(attribute: str, word: str, following: str) -> bool:
    if attribute == "background":
        return word in COLOURS and following == "background"
    if attribute == "colour":
        return word in COLOURS and following != "background"
    return word in {"size": SIZES, "shape": SHAPES, "position": POSITIONS}[attribute]
