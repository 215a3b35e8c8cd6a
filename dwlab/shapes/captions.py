"""The caption grammar of `shapes`: from a scene to words, and from words to what they ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .world import ATTRIBUTES, COLOURS, POSITIONS, SHAPES, SIZES, Scene, random_scene

if TYPE_CHECKING:
    import numpy as np

WORDS = (
    "a", "an", "at", "the", "on", "of", "in", "with", "background", "centre", "picture",
    *SIZES, *COLOURS, *SHAPES, *POSITIONS,
)  # fmt: skip

# how often an attribute is exchanged; some exchanges change nothing: 7% (size) to 13% (colours) are told wrong
LIES = 0.15


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


def training_caption(scene: Scene, rng: np.random.Generator, *, lies: float = LIES) -> str:
    """A caption of `scene` with attributes left out at random, so that the seed decides what is not said.

    Now and then an attribute is told wrong, as captions found in the world do: it is this doubt that guidance
    removes. A model whose captions never lie obeys just as well without guidance, and shows nothing of it.
    """
    told = _retold(scene, rng, lies).as_dict()
    said = {k: v for k, v in told.items() if rng.random() < _KEEP[k]}
    if rng.random() < 0.5:  # half of the captions say everything
        said = told
    if said.get("position") == "center":
        said["position"] = rng.choice(["center", "center", "centre", ""])
    caption = compose(**said)
    return caption.removeprefix("a ") if rng.random() < 0.1 else caption


def _retold(scene: Scene, rng: np.random.Generator, lies: float) -> Scene:
    """`scene` with each attribute exchanged for another scene's at the rate `lies`, never into a held-out one."""
    other = random_scene(rng).as_dict()
    told = Scene(**{k: other[k] if rng.random() < lies else v for k, v in scene.as_dict().items()})
    return scene if told.held_out or told.colour == told.background else told


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
