"""Ways to compute with less memory, by the names that people give in files and on commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..errors import InvalidInput

AUTO = "auto"
NONE = "none"
# The pictures stay the same: these are not in the key. Each name with the setting that it stands for
# (dwlab.models.settings).
SAME_PICTURES: Mapping[str, tuple[str, object]] = MappingProxyType(
    {
        "attention-slicing": ("slicing", "attention"),
        "vae-slicing": ("slicing", "vae"),
        "channels-last": ("channels_last", True),
        "model-offload": ("offload", "model"),
        "group-offload": ("offload", "group"),
        "sequential-offload": ("offload", "sequential"),
    }
)
# The pictures are others, and so are their keys.
OTHER_PICTURES: Mapping[str, tuple[str, object]] = MappingProxyType(
    {
        "vae-tiling": ("tiling", True),
        "float8-layers": ("quantisation", "float8-layers"),
        "torchao-8bit": ("quantisation", "torchao-8bit"),
        "quanto-8bit": ("quantisation", "quanto-8bit"),
        "bitsandbytes-8bit": ("quantisation", "bitsandbytes-8bit"),
        "bitsandbytes-4bit": ("quantisation", "bitsandbytes-4bit"),
    }
)
# weights in 8 or 4 bits, which a recipe may name too
QUANTISATIONS = tuple(
    name for name, (setting, _) in OTHER_PICTURES.items() if setting == "quantisation"
)
MEASURES = MappingProxyType({**SAME_PICTURES, **OTHER_PICTURES})
# of these settings a model can have one value only
_ONE_OF = ("offload", "quantisation")


def parse(value: object, field: str = "memory") -> tuple[str, ...] | None:
    """The measures that a value names, in the order of `MEASURES`, after "auto" if that is named.

    value: None for nothing said; "none" or an empty list for stock settings; a name, names with
    commas, or a list of names; `_` stands for `-`. Raises InvalidInput for an unknown name and for
    two ways to offload or to quantise.
    """
    if value is None:
        return None
    names = _names(value, field)
    if names == [NONE]:
        return ()
    for name in names:
        if name != AUTO and name not in MEASURES:
            raise InvalidInput(field, name, f"{AUTO}, {NONE}, or some of {', '.join(MEASURES)}")
    for setting in _ONE_OF:
        rivals = [name for name in MEASURES if MEASURES[name][0] == setting and name in names]
        if len(rivals) > 1:
            raise InvalidInput(field, ", ".join(rivals), "only one of these")
    return tuple(name for name in (AUTO, *MEASURES) if name in names)


def _names(value: object, field: str) -> list[str]:
    # YAML reads `off` and `no` as False
    if value is False:
        return [NONE]
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise InvalidInput(field, value, f"{AUTO}, {NONE}, or a list of names")
    names: list[str] = []
    for part in value:
        if not isinstance(part, str):
            raise InvalidInput(field, part, f"{AUTO}, {NONE}, or a list of names")
        names += [name.strip().replace("_", "-") for name in part.split(",") if name.strip()]
    return names


def with_quantisation(
    measures: tuple[str, ...] | None, quantisation: str
) -> tuple[str, ...] | None:
    """The measures with the quantisation of a recipe; `none` leaves them as they are.

    Raises InvalidInput if they name another quantisation.
    """
    if quantisation == NONE:
        return measures
    others = [name for name in measures or () if name in QUANTISATIONS and name != quantisation]
    if others:
        allowed = f"{others[0]}, as memory: says, or only one of the two"
        raise InvalidInput("quantisation", quantisation, allowed)
    return tuple(dict.fromkeys([*(measures or ()), quantisation]))


def plain(measures: tuple[str, ...] | None) -> str | list[str] | None:
    """Measures as a file has them, from which `parse` makes them again."""
    if measures is None:
        return None
    return list(measures) or NONE
