"""IP-Adapters: pictures that steer what is drawn as a prompt does, as a recipe names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from . import inputs
from .entries import build, checked_map, numbered, values_by_number
from .loras import check_file, check_text, checked_weight

if TYPE_CHECKING:
    from .inputs import Source

ADAPTERS_LIMIT = 4  # of one picture
PICTURES_LIMIT = 16  # of one adapter
_EXAMPLE = "{file: ip-adapter_sd15.safetensors, image: face.png, scale: 0.6}"
# what may be an axis, as `ip_adapter.scale`, or `ip_adapter.1.scale` for the second adapter
ATTRIBUTES = ("file", "image", "scale", "encoder")


@dataclass(frozen=True)
class IPAdapter:
    """An IP-Adapter and the pictures that it shows to the model.

    image: one picture or several, as `image` of a recipe.
    file: a safetensors file with the adapter, in the layout that diffusers loads.
    scale: how strongly it acts, from -10 to 10. 0 is the same as leaving the adapter out.
    encoder: the folder of the image encoder, or where it is on the hub; by default the folder
        `image_encoder` beside the file.
    sha256: the hash of the file's content. encoder_weights: the fingerprint of the encoder. They
        are filled in once the files were read. A recipe that contains them accepts no others.

    Raises InvalidInput, which names the field.
    """

    image: tuple[Source, ...]
    file: str = ""
    scale: float = 1.0
    encoder: str = ""
    sha256: str = ""
    encoder_weights: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", _pictures(self.image))
        check_file(self.file, self.sha256)
        for name in ("encoder", "encoder_weights"):
            check_text(name, getattr(self, name))
        object.__setattr__(self, "scale", checked_weight("scale", self.scale))

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values for JSON; empty ones are left out, a single picture is no list."""
        values: dict[str, object] = {f.name: getattr(self, f.name) for f in fields(self)}
        pictures = [str(picture) for picture in self.image]
        values["image"] = pictures if len(pictures) > 1 else pictures[0]
        return {name: value for name, value in values.items() if value != ""}

    def for_key(self) -> dict[str, object]:
        """The same without paths, for which the hashes stand."""
        return self.without_path().as_dict()

    def without_path(self) -> IPAdapter:
        """The same without the paths of its file and of the encoder, which are private."""
        return replace(self, file="", encoder="")


IPAdapters = tuple[IPAdapter, ...]


def checked_ip_adapters(field: str, value: object) -> IPAdapters:
    """The IP-Adapters in a list of maps, or in one map.

    Raises InvalidInput, which names the entry, like `ip_adapter[0].scale`.
    """
    if isinstance(value, Mapping | IPAdapter):
        value = [value]
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, value, f"a list like [{_EXAMPLE}]")
    if len(value) > ADAPTERS_LIMIT:
        raise InvalidInput(field, f"{len(value):,} IP-Adapters", f"at most {ADAPTERS_LIMIT}")
    return tuple(_adapter(f"{field}[{index}]", entry) for index, entry in enumerate(value))


def acting(adapters: IPAdapters) -> IPAdapters:
    """Those that act: a scale of 0 is the same as no adapter."""
    return tuple(adapter for adapter in adapters if adapter.scale)


def with_value(field: str, value: object, axis: str, changed: object) -> list[IPAdapter]:
    """The adapters with another value of one of them.

    axis: the rest of a dotted name, like `scale` or `1.scale`. Raises InvalidInput.
    """
    adapters = list(checked_ip_adapters(field, value))
    index, attribute = numbered(field, axis, changed, len(adapters), ATTRIBUTES)
    entry = {**vars(adapters[index]), attribute: changed}
    # the hashes are those of the files that the recipe named before
    if attribute == "file":
        entry["sha256"] = ""
    if attribute in ("file", "encoder"):
        entry["encoder_weights"] = ""
    adapters[index] = _adapter(f"{field}[{index}]", entry)
    return adapters


def values_by_axis(field: str, value: object) -> dict[str, object]:
    """The values of each adapter by the names of their axes; nothing for what is none."""
    try:
        adapters = checked_ip_adapters(field, value)
    except InvalidInput:
        return {}
    values = values_by_number(field, adapters, ATTRIBUTES)
    return {name: _one_value(value) for name, value in values.items()}


def label(adapters: IPAdapters) -> str:
    """Adapters as people read them: `ip-adapter_sd15 0.6 (3fa0c1)`."""
    return " + ".join(map(_label, adapters)) or "none"


def _label(adapter: IPAdapter) -> str:
    """One of them: its file, its scale, and the first digits of its pictures' hashes."""
    name = PurePath(adapter.file).stem or adapter.sha256[:10]
    digests = [inputs.digest_of(picture) for picture in adapter.image]
    starts = ", ".join(digest[:6] for digest in digests if digest)
    return f"{name} {adapter.scale:g}" + (f" ({starts})" if starts else "")


def _one_value(value: object) -> object:
    """Several pictures as one text, a single one as it is."""
    if not isinstance(value, tuple):
        return value
    return value[0] if len(value) == 1 else ", ".join(map(str, value))


def _adapter(field: str, entry: object) -> IPAdapter:
    if isinstance(entry, IPAdapter):
        return entry
    values = checked_map(field, entry, IPAdapter, _EXAMPLE)
    if not values.get("image"):
        raise InvalidInput(f"{field}.image", values.get("image"), inputs.ALLOWED)
    return build(field, IPAdapter, values)


def _pictures(value: object) -> tuple[Source, ...]:
    pictures = value if isinstance(value, list | tuple) else (value,)
    if len(pictures) > PICTURES_LIMIT:
        raise InvalidInput("image", f"{len(pictures):,} pictures", f"at most {PICTURES_LIMIT}")
    return tuple(inputs.checked_source("image", picture) for picture in pictures)
