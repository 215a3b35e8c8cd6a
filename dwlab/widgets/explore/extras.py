"""What a recipe has and the prompt bench has no field for: shown below the fields, and taken out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError, shortened
from ...spec import components, controls, embeddings, ip_adapters, loras, refiners
from ...spec.names import ARGUMENTS
from ...spec.prompt_weights import COMPEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    More = Mapping[str, Any]

WORDS_SHOWN = 120  # characters
_OTHERS = "others"
# what is shown of each entry of a list
_LABELS: dict[str, Callable[[Any], str]] = {
    "loras": lambda entry: "LoRA " + loras.label(loras.checked_stack("loras", [entry])),
    "embeddings": lambda entry: (
        "textual inversion "
        + embeddings.label(embeddings.checked_embeddings("embeddings", [entry]))
    ),
    "control": lambda entry: (
        "ControlNet " + controls.label(controls.checked_controls("control", [entry]))
    ),
    "ip_adapter": lambda entry: (
        "IP-Adapter " + ip_adapters.label(ip_adapters.checked_ip_adapters("ip_adapter", [entry]))
    ),
    "refiner": lambda entry: (
        "refiner " + refiners.label(refiners.checked_refiners("refiner", [entry]))
    ),
}


def shown(more: More, *, with_options: bool) -> list[dict[str, str]]:
    """Each part of the control `more`, with the name by which it is taken out, in words.

    with_options: whether the options of the scheduler count.
    """
    items = []
    for name in (*ARGUMENTS, _OTHERS):
        if name in more and (with_options or name != "scheduler_options"):
            items += [{"name": each, "words": words} for each, words in _items(name, more[name])]
    return items


def without(more: More, name: str) -> dict[str, Any]:
    """The control `more` without one part, by its name; the same if it has no such part."""
    holder, _, path = name.partition("/")
    if holder not in more:
        return dict(more)
    values = json.loads(more[holder])
    parent, _, child = path.partition("/")
    inside = values.get(parent)
    if isinstance(inside, list) and child.isdecimal() and int(child) < len(inside):
        del inside[int(child)]
    elif isinstance(inside, dict) and child:
        inside.pop(child, None)
    else:
        values.pop(parent, None)
    left = {key: value for key, value in values.items() if key != parent or value not in ([], {})}
    changed = {key: value for key, value in more.items() if key != holder}
    return {**changed, holder: json.dumps(left)} if left else changed


def _items(holder: str, text: str) -> Iterator[tuple[str, str]]:
    """(name, words) of the parts in one of the control's JSON texts."""
    for parent, value in json.loads(text).items():
        name = f"{holder}/{parent}"
        if parent in _LABELS and isinstance(value, list):
            for index, entry in enumerate(value):
                yield f"{name}/{index}", _words(parent, entry, _LABELS[parent])
        elif parent == "prompt_weighting" and value == COMPEL:
            yield name, "weights in prompts, like (word:1.2)"
        elif parent == components.VAE:
            yield name, _words(parent, value, _part_label("vae"))
        elif parent == "components" and isinstance(value, dict):
            for part, source in value.items():
                yield f"{name}/{part}", _words(part, source, _part_label(f"components.{part}"))
        else:
            yield name, shortened(f"{parent} {json.dumps(value)}", WORDS_SHOWN)


def _part_label(axis: str) -> Callable[[Any], str]:
    """How a part from elsewhere is shown; axis: the name that it has as one."""
    title = "VAE" if axis == components.VAE else axis.rpartition(".")[2]
    return lambda source: f"{title} {components.label(axis, source)}"


def _words(name: str, value: object, label: Callable[[Any], str]) -> str:
    """A part in words, also if its value is not valid: anybody may have edited the saved state."""
    try:
        text = label(value)
    except DwlabError:
        text = f"{name} {json.dumps(value)}"
    # a run downloads it, and a recipe may come from a stranger
    if isinstance(value, dict) and value.get("hub"):
        text += f" from the hub, {value['hub']}"
    return shortened(text, WORDS_SHOWN)
