"""Control pictures: ControlNets with what they see, as a recipe names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import PurePath

from .._util.checks import check_whole_number, is_number, without_quotes
from ..errors import InvalidInput
from . import inputs
from .entries import build, checked_map, numbered, values_by_number
from .inputs import HeldPicture, Source

NETS_LIMIT = 8  # of one picture
SCALE_LIMIT = 10.0
TEXT_LIMIT = 1_000  # characters of a path
MODE_LIMIT = 100
_WEIGHTS = re.compile("[0-9a-f]{64}")
_ALLOWED = "a list like [{model: nets/canny, image: edges.png, scale: 0.8}]"
# what may be an axis, as `control.scale`, or `control.1.scale` for the second net
ATTRIBUTES = ("model", "image", "scale", "start", "end", "mode")


@dataclass(frozen=True)
class Control:
    """A ControlNet and its picture.

    model: a folder with a ControlNet, as diffusers saves it, a hub id or a name of the catalog.
    image: the picture that it sees, as `image` of a recipe.
    scale: how strongly it acts, 0 to 10.
    start, end: the part of the steps in which it does, 0 to 1.
    mode: which kind of picture it is, as a number, for a net that was trained for several.
    weights: the fingerprint of the net, filled in once it was read. A recipe that contains it
        accepts no other weights, and finds them without `model` if they were read here before.

    Raises InvalidInput, which names the field.
    """

    model: str
    image: Source
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    mode: int | None = None
    weights: str = ""

    def __post_init__(self) -> None:
        if not _is_text(self.model) or not (self.model or self.weights):
            raise InvalidInput("model", self.model, "the folder of a ControlNet")
        object.__setattr__(self, "image", inputs.checked_source("image", self.image))
        for name, most in (("scale", SCALE_LIMIT), ("start", 1.0), ("end", 1.0)):
            object.__setattr__(self, name, _number(name, getattr(self, name), most))
        if self.start >= self.end:
            raise InvalidInput("start", self.start, f"less than end, which is {self.end:g}")
        if self.mode is not None:
            check_whole_number("mode", self.mode, 0, MODE_LIMIT)
        if self.weights and not is_fingerprint(self.weights):
            raise InvalidInput(
                "weights", self.weights, "the 64 digits of a ControlNet's fingerprint"
            )

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values for JSON; empty ones are left out."""
        values: dict[str, object] = {f.name: getattr(self, f.name) for f in fields(self)}
        if isinstance(self.image, HeldPicture):
            values["image"] = str(self.image)
        return {name: value for name, value in values.items() if value not in ("", None)}

    def for_key(self) -> dict[str, object]:
        """The same without the folder, for which its fingerprint stands."""
        return {name: value for name, value in self.as_dict().items() if name != "model"}

    def without_path(self) -> Control:
        """The same without its folder, which is private."""
        return replace(self, model="")


Controls = tuple[Control, ...]


def is_fingerprint(value: object) -> bool:
    """Whether a value is the fingerprint of a ControlNet."""
    return isinstance(value, str) and _WEIGHTS.fullmatch(value) is not None


def is_portable(value: object) -> bool:
    """Whether controls in JSON name nets and pictures by what they contain, and no files."""
    return isinstance(value, list) and all(map(_is_portable, value))


def _is_portable(entry: object) -> bool:
    if not isinstance(entry, Mapping) or entry.get("model"):
        return False
    is_picture = inputs.digest_of(entry.get("image")) is not None
    return is_picture and is_fingerprint(entry.get("weights"))


def checked_controls(field: str, value: object) -> Controls:
    """The controls in a list of maps, or in one map.

    Raises InvalidInput, which names the entry, like `control[0].scale`.
    """
    if isinstance(value, Mapping | Control):
        value = [value]
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise InvalidInput(field, value, _ALLOWED)
    if len(value) > NETS_LIMIT:
        raise InvalidInput(field, f"{len(value):,} ControlNets", f"at most {NETS_LIMIT}")
    return tuple(_control(f"{field}[{index}]", entry) for index, entry in enumerate(value))


def with_value(field: str, value: object, axis: str, changed: object) -> list[Control]:
    """The controls with another value of one of them.

    axis: the rest of a dotted name, like `scale` or `1.scale`. Raises InvalidInput.
    """
    controls = list(checked_controls(field, value))
    index, attribute = numbered(field, axis, changed, len(controls), ATTRIBUTES)
    entry = {**vars(controls[index]), attribute: changed}
    if attribute == "model":
        entry["weights"] = ""
    controls[index] = _control(f"{field}[{index}]", entry)
    return controls


def values_by_axis(field: str, value: object) -> dict[str, object]:
    """The values of each control by the names of their axes; nothing for what is none."""
    try:
        controls = checked_controls(field, value)
    except InvalidInput:
        return {}
    return values_by_number(field, controls, ATTRIBUTES)


def label(controls: Controls) -> str:
    """Controls as people read them: `canny 0.8`."""
    return " + ".join(map(_label, controls)) or "none"


def _label(control: Control) -> str:
    """One of them: the net, its scale, and the first digits of its picture's hash."""
    name = PurePath(control.model).name or control.weights[:10]
    digest = inputs.digest_of(control.image)
    picture = f" ({digest[:6]})" if digest else ""
    return f"{name} {control.scale:g}{picture}"


def _control(field: str, entry: object) -> Control:
    if isinstance(entry, Control):
        return entry
    values = checked_map(field, entry, Control, "{model: nets/canny, image: edges.png}")
    if not values.get("image"):
        raise InvalidInput(f"{field}.image", values.get("image"), inputs.ALLOWED)
    return build(field, Control, {"model": "", **values})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LIMIT and "\0" not in value


def _number(name: str, value: object, most: float) -> float:
    # NaN is not in this range either
    if not is_number(value) or not 0 <= value <= most:
        raise InvalidInput(name, value, f"a number from 0 to {most:g}{without_quotes(value)}")
    return float(value) + 0.0
