"""Checkpoints as an axis of a sweep, with the columns of their numbers and trainings.

`{glob: "runs/*/checkpoint-*"}` as the model, a part of it or its LoRAs is an axis of paths. Beside it
moves the axis `checkpoint`, the number of each, by which analysis and charts go, and `run` if several
trainings are compared.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._util.existing_path import existing_path
from ..errors import InvalidInput
from . import checkpoint_files, components
from .checkpoint_files import FORM, LORAS, MODEL, PARTS, is_description

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .axes import Column
    from .checkpoint_files import Checkpoint

CHECKPOINT = "checkpoint"
RUN = "run"
_COMPONENTS = "components"


def is_added(name: str) -> bool:
    """Whether an axis has the numbers or trainings of checkpoints, which no recipe names."""
    return name.partition("_")[0] in (CHECKPOINT, RUN)


def suffix_of(name: str) -> str:
    """What `checkpoint_unet` and `run_unet` have in common, empty for `checkpoint` and `run`."""
    return name.partition("_")[2]


def moved_to_axes(
    model: object, base: Mapping[str, object], axes: Mapping[str, object]
) -> tuple[object, dict[str, object], dict[str, object]]:
    """A sweep's model, base and axes, with the checkpoints that the first two describe as axes.

    The model is None then. An axis of several parts becomes one for each. Raises InvalidInput for
    checkpoints that are not there.
    """
    moved: dict[str, object] = {}
    kept = dict(base)
    for place, name, description in (("", MODEL, model), *(("base.", *each) for each in _in(base))):
        if is_description(name, description):
            checkpoint_files.checkpoints(f"{place}{name}", name, description)  # type: ignore[arg-type]  # checked above
            moved[name] = description
            kept = _without(kept, name)
    is_moved = is_description(MODEL, model)
    return (None if is_moved else model), kept, moved | _with_parts_apart(axes)


def _in(base: Mapping[str, object]) -> list[tuple[str, object]]:
    """What base values name, with the parts of a model for themselves."""
    values = list(base.items())
    inside = base.get(_COMPONENTS)
    if isinstance(inside, Mapping):
        values += [(f"{PARTS}{part}", source) for part, source in inside.items()]
    return values


def _without(base: Mapping[str, object], name: str) -> dict[str, object]:
    kept = {key: value for key, value in base.items() if key != name}
    inside = kept.get(_COMPONENTS)
    if name.startswith(PARTS) and isinstance(inside, Mapping):
        del kept[_COMPONENTS]
        others = {part: source for part, source in inside.items() if f"{PARTS}{part}" != name}
        if others:
            kept[_COMPONENTS] = others
    return kept


def _with_parts_apart(axes: Mapping[str, object]) -> dict[str, object]:
    """Axes with `components.unet` instead of `components: {unet: ...}`."""
    apart: dict[str, object] = {}
    for name, description in axes.items():
        if name == _COMPONENTS and isinstance(description, Mapping):
            apart |= {f"{PARTS}{part}": values for part, values in description.items()}
        else:
            apart[name] = description
    return apart


def values(field: str, name: str, description: Mapping[str, object]) -> list[object]:
    """The values of an axis of checkpoints. Raises InvalidInput, see `checkpoint_files.checkpoints`."""
    paths = [each.path for each in checkpoint_files.checkpoints(field, name, description)]
    return [[{"file": path}] for path in paths] if name == LORAS else list(paths)


def with_numbers(
    axes: Mapping[str, object], columns: Mapping[str, Column], zipped: Sequence[Sequence[str]]
) -> tuple[dict[str, Column], list[list[str]]]:
    """The columns and zip groups of a sweep, with the numbers of checkpoints beside them.

    axes: as they are described. The first axis of checkpoints has `checkpoint` and `run`, another one
    `checkpoint_unet`, unless both move together and have the same numbers. Raises InvalidInput for an
    axis that has one of these names already.
    """
    added: dict[str, Column] = {}
    groups = [list(group) for group in zipped]
    placed: dict[str, Column] = {}
    for name, column in columns.items():
        placed[name] = column
        description = axes.get(name)
        if not is_description(name, description):
            continue
        own = checkpoint_files.checkpoints(f"axes.{name}", name, description)  # type: ignore[arg-type]  # checked above
        group = _group_of(name, groups)
        for label, numbers in _numbers(own).items():
            if any(other in group and added[other] == numbers for other in added):
                continue
            free = _free(label, name, added)
            if free in columns:
                raise InvalidInput(f"axes.{free}", free, f"another name: {name} has {free} too")
            placed[free] = added[free] = numbers
            group.append(free)
    return placed, groups


def _numbers(own: Sequence[Checkpoint]) -> dict[str, Column]:
    """The columns that tell checkpoints apart, by name."""
    numbers: dict[str, Column] = {}
    if all(each.number is not None for each in own):
        numbers[CHECKPOINT] = tuple(each.number for each in own)
    if any(each.run for each in own):
        numbers[RUN] = tuple(each.run for each in own)
    return numbers


def _group_of(name: str, groups: list[list[str]]) -> list[str]:
    """The axes that move together with one; a new group in `groups` if there are none."""
    for group in groups:
        if name in group:
            return group
    groups.append([name])
    return groups[-1]


def _free(label: str, name: str, taken: Iterable[str]) -> str:
    return f"{label}_{name.rpartition('.')[2]}" if label in taken else label


def beside(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an experiment's file, with relative paths taken from the folder of the file.

    Those are patterns, and parts of models that are beside the file and not in the current folder.
    """
    moved = dict(values)
    for name, value in values.items():
        if is_description(name, value):
            moved[name] = _moved_pattern(folder, value)
        elif name == _COMPONENTS and isinstance(value, Mapping):
            moved[name] = {part: _moved(folder, source) for part, source in value.items()}
        elif name == components.VAE or name.startswith(PARTS):
            moved[name] = _moved(folder, value)
    return moved


def _moved(folder: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_moved(folder, each) for each in value]
    if isinstance(value, Mapping) and list(value) == [FORM]:
        return _moved_pattern(folder, value)
    if not isinstance(value, str) or not value or existing_path(value):
        return value
    path = existing_path(str(folder / value))
    return str(path.absolute()) if path else value


def _moved_pattern(folder: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    pattern = description[FORM]
    if not isinstance(pattern, str) or not pattern or pattern.startswith("~"):
        return dict(description)
    # a run of later may begin in another folder
    return {FORM: os.path.abspath(folder / pattern)}  # noqa: PTH100  # keeps wildcards and links
