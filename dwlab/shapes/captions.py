"""The caption grammar of `shapes`: from a scene to words, and from words to attributes."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from .world import ATTRIBUTES, COLOURS, POSITIONS, SHAPES, SIZES, TAUGHT_SHAPES, Scene, random_scene

if TYPE_CHECKING:
    import numpy as np

_GRAMMAR = ("a", "an", "at", "the", "on", "of", "in", "with", "background", "centre", "picture")
WORDS = (*_GRAMMAR, *SIZES, *COLOURS, *SHAPES, *POSITIONS)

# how often an attribute is exchanged; some exchanges change nothing, so that 7% (size) to 13%
# (colours) are wrong
LIES = 0.15

# how often a caption that leaves something out names each attribute
_NAMED = {"size": 0.6, "colour": 0.75, "shape": 0.85, "position": 0.6, "background": 0.7}


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
    """A caption of the attributes that are passed; without a shape the figure has no name."""
    parts = []
    if shape or size or colour:
        parts.append(" ".join(word for word in ("a", size, colour, shape) if word))
    if position:
        parts.append(f"at the {position}")
    if background:
        parts.append(f"on a {background} background")
    return " ".join(parts)


def training_caption(scene: Scene, rng: np.random.Generator, *, lies: float = LIES) -> str:
    """A caption of `scene` that leaves attributes out at random, for the seed to decide.

    Now and then an attribute is wrong, as in captions found in the world: it is this doubt that
    guidance removes. A model whose captions never lie obeys just as well without guidance, and
    shows nothing of what guidance does.
    """
    words = _with_lies(scene, rng, lies).as_dict()
    named = {name: word for name, word in words.items() if rng.random() < _NAMED[name]}
    # half of the captions name everything
    if rng.random() < 0.5:
        named = words
    if named.get("position") == "center":
        named["position"] = rng.choice(["center", "center", "centre", ""])
    caption = compose(**named)
    return caption.removeprefix("a ") if rng.random() < 0.1 else caption


def _with_lies(scene: Scene, rng: np.random.Generator, lies: float) -> Scene:
    """`scene` with attributes exchanged for another scene's at the rate `lies`.

    If that makes a scene that is held out or impossible, `scene` stays as it is.
    """
    other = random_scene(rng).as_dict()
    words = {}
    for name, word in scene.as_dict().items():
        words[name] = other[name] if rng.random() < lies else word
    changed = Scene(**words)
    return scene if changed.held_out or changed.colour == changed.background else changed


def named_attributes(prompt: str) -> dict[str, str]:
    """The attributes that a prompt names; words outside the grammar are ignored.

    An attribute's first word counts. A colour right before "background" is the background's; any
    other colour is the figure's. "centre" means "center".
    """
    words = re.findall(r"[a-z]+", prompt.lower())
    words = ["center" if word == "centre" else word for word in words]
    named: dict[str, str] = {}
    for word, following in pairwise([*words, ""]):
        attribute = _attribute_of(word, following)
        if attribute:
            named.setdefault(attribute, word)
    return {attribute: named[attribute] for attribute in ATTRIBUTES if attribute in named}


def _attribute_of(word: str, following: str) -> str | None:
    """The attribute that a word names, given the word that follows it."""
    if word in COLOURS:
        return "background" if following == "background" else "colour"
    if word in SIZES:
        return "size"
    if word in SHAPES or word in TAUGHT_SHAPES:
        return "shape"
    return "position" if word in POSITIONS else None
