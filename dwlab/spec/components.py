"""Parts of a model that come from elsewhere, like another VAE, as a recipe names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from ..errors import InvalidInput
from .entries import build, checked_map

VAE = "vae"
COMPONENTS_LIMIT = 16  # of one picture
TEXT_LIMIT = 1_000  # characters of a path or a hub id
# a hub id as it is kept once its files were read: with its commit, and perhaps a folder
_PINNED = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*){1,4}@[0-9a-f]{40}", re.ASCII)
_PART = re.compile(r"[a-z][a-z0-9_]{0,60}")
_SHA256 = re.compile("[0-9a-f]{64}")
_SOURCE = "a folder, a .safetensors file, or a hub id like owner/name"


@dataclass(frozen=True)
class Component:
    """A part of a model that comes from elsewhere.

    part: its name in the model's index, like vae or text_encoder.
    model: a folder, a single file, or a hub id, perhaps with a folder and a revision, like
        `owner/name/vae@main`.
    weights: the hash of its files, filled in once they were read. A recipe that contains it accepts
        no other content.

    Raises InvalidInput, which names the field.
    """

    part: str
    model: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        if not _is_text(self.model):
            raise InvalidInput("model", self.model, _SOURCE)
        if not isinstance(self.weights, str) or not re.fullmatch(
            f"({_SHA256.pattern})?", self.weights
        ):
            raise InvalidInput("weights", self.weights, "the 64 digits of a hash, in lower case")
        if not (self.model or self.weights):
            raise InvalidInput("model", self.model, _SOURCE)

    def as_plain(self) -> str | dict[str, str]:
        """Its source for JSON: the text that names it, or a map with the hash."""
        if not self.weights:
            return self.model
        return (
            {"model": self.model, "weights": self.weights}
            if self.model
            else {"weights": self.weights}
        )

    def without_path(self) -> Component:
        """The same without the path of its files, which is private; a commit of the hub is kept."""
        return self if _PINNED.fullmatch(self.model) else replace(self, model="")


Components = tuple[Component, ...]


def checked_vae(field: str, value: object) -> Component | None:
    """The VAE that a recipe names; None for that of the model. Raises InvalidInput."""
    return None if value is None or value == "" else _component(field, VAE, value)


def checked_components(field: str, value: object) -> Components:
    """The components in a map from parts to their sources, sorted by part.

    Raises InvalidInput, which names the entry, like `components.unet`.
    """
    if isinstance(value, tuple) and all(isinstance(each, Component) for each in value):
        return value
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise InvalidInput(field, value, "a map like {text_encoder: models/other/text_encoder}")
    if len(value) > COMPONENTS_LIMIT:
        raise InvalidInput(field, f"{len(value):,} parts", f"at most {COMPONENTS_LIMIT}")
    components = []
    for part, source in value.items():
        if not isinstance(part, str) or not _PART.fullmatch(part):
            raise InvalidInput(field, part, "names of a model's parts, like text_encoder")
        if source is not None and source != "":
            components.append(_component(f"{field}.{part}", part, source))
    return tuple(sorted(components, key=lambda component: component.part))


def merged(vae: Component | None, components: Components) -> tuple[Component | None, Components]:
    """The same with a VAE among the components in the place of `vae`; raises InvalidInput for two."""
    others = tuple(component for component in components if component.part != VAE)
    if len(others) == len(components):
        return vae, components
    if vae is not None:
        raise InvalidInput("components.vae", vae.as_plain(), "left out beside vae")
    return next(component for component in components if component.part == VAE), others


def as_plain(value: Component | Components) -> object:
    """The value of a field for JSON."""
    if isinstance(value, Component):
        return value.as_plain()
    return {component.part: component.as_plain() for component in value}


def without_paths(value: Component | Components) -> Component | Components:
    """The value of a field without paths, for others to read."""
    if isinstance(value, Component):
        return value.without_path()
    return tuple(component.without_path() for component in value)


def is_portable(name: str, value: object) -> bool:
    """Whether a picture may say this: hashes and commits of the hub, no paths of a machine."""
    entries = value.values() if name != VAE and isinstance(value, Mapping) else [value]
    return all(_is_portable(entry) for entry in entries)


def _is_portable(entry: object) -> bool:
    if not isinstance(entry, Mapping):
        return False
    model = entry.get("model", "")
    return isinstance(model, str) and (not model or _PINNED.fullmatch(model) is not None)


def label(name: str, value: object) -> str:
    """The value of a field, or of an axis `components.PART`, as people read it."""
    if name == "components":
        components = checked_components(name, value or {})
        return " + ".join(f"{each.part} {_label(each)}" for each in components) or "none"
    component = _component(name, name.rpartition(".")[2], value) if value else None
    return _label(component) if component else "the model's"


def _label(component: Component) -> str:
    """The last names of a path or hub id, or the first digits of the hash."""
    path = PurePath(component.model.partition("@")[0])
    # the folder of a part is often called after the part
    names = path.parts[-2:] if path.name == component.part else path.parts[-1:]
    return "/".join(names) or component.weights[:10]


def _component(field: str, part: str, source: object) -> Component:
    if isinstance(source, Component):
        return source
    if isinstance(source, str | PurePath):
        source = str(source)
        return build(field, Component, {"part": part, "model": source})
    if not isinstance(source, Mapping):
        raise InvalidInput(field, source, _SOURCE)
    values = checked_map(field, source, Component, "{model: models/vae-ft-mse}")
    return build(field, Component, {**values, "part": part})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LIMIT and value.isprintable()
