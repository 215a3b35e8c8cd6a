"""Recipes and sweeps without the paths of a machine: hashes stand for files."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput, ModelError
from . import catalog, checkpoint_files, components, inputs, list_values
from .names import CODE, LISTS, PARTS, own_name
from .own_code.files import is_reference
from .recipe_key import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .params import GenerationParams

WEIGHTS_SHOWN = 10  # digits of a fingerprint that stand for a folder
_PLAIN = ("model", "config")
# what may name code of the user's own
_NAMES_CODE = ("scheduler", *CODE)
_WEIGHTS = (".safetensors", ".gguf")
_FINGERPRINT = re.compile(f"[0-9a-f]{{{WEIGHTS_SHOWN}}}")
# absolute paths, those of a home or a drive, and those that climb
_LEADS_ELSEWHERE = re.compile(r"^[/~]|\\|^[A-Za-z]:|(^|/)\.\.?(/|$)")


def files_without_paths(params: GenerationParams) -> dict[str, Any]:
    """The fields of a recipe that name files, as plain values without paths; empty ones are left out."""
    values: dict[str, Any] = {}
    for name in LISTS:
        if getattr(params, name):
            values[name] = [file.without_path().as_dict() for file in getattr(params, name)]
    for name in CODE:
        if getattr(params, name):
            values[name] = getattr(params, name).without_path().as_dict()
    for name in PARTS:
        if getattr(params, name):
            values[name] = components.as_plain(components.without_paths(getattr(params, name)))
    return values


def portable_recipe(params: Mapping[str, Any], weights: str) -> dict[str, Any]:
    """A stored recipe without paths: a folder or file is called by the first digits of `weights`.

    Raises InvalidInput for a recipe that this version refuses.
    """
    values = {**params, **files_without_paths(parsed(params))}
    # a name like that stands for its configs too
    if values.pop("config", None) is not None or _is_path(values["model"]):
        values["model"] = weights[:WEIGHTS_SHOWN]
    return dict(sorted(values.items()))


def portable_axes(axes: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's values of axes without paths: pictures by the names of their files.

    recipe: the cell's, as `portable_recipe` returns it.
    """
    values = {}
    for name, value in axes.items():
        if inputs.is_picture(name):
            values[name] = _file_names(value)
        elif _names_path(name, value):
            values[name] = _in_recipe(name, recipe)
        else:
            values[name] = value
    return values


class PortableSpec:
    """A sweep without paths, learned from its cells: start pictures lie in `inputs/`.

    spec: as it is stored. Other files and folders are called as in the recipes of its cells.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._values: dict[str, dict[str, Any]] = {}
        self._steps: dict[tuple[str, ...], dict[str, list[Any]]] = {}
        self._base: dict[str, Any] = {}

    def learn(self, axes: Mapping[str, Any], recipe: Mapping[str, Any]) -> None:
        """Take in a cell. axes: as they are stored. recipe: as `portable_recipe` returns it."""
        for name, value in axes.items():
            if name in _NAMES_CODE:
                self._values.setdefault(name, {}).setdefault(
                    json.dumps(value), _code(name, value, recipe)
                )
            elif _names_path(name, value):
                text = json.dumps(value)
                self._values.setdefault(name, {}).setdefault(text, _in_recipe(name, recipe))
        for group in self._spec.get("zip") or ():
            step = [self._value(name, axes.get(name)) for name in group]
            self._steps.setdefault(tuple(group), {}).setdefault(json.dumps(step), step)
        if not self._base:
            self._base = dict(recipe)

    def as_dict(self) -> dict[str, Any]:
        """The sweep, with the names that the cells have for its files."""
        spec = dict(self._spec)
        if _names_path("model", spec.get("model")):
            spec["model"] = self._base.get("model")
        parts = {"base": self._base_values(), "axes": self._axes()}
        for part, values in parts.items():
            if values:
                spec[part] = values
            else:
                spec.pop(part, None)
        if spec.get("metrics"):
            spec["metrics"] = [self._metric(entry) for entry in spec["metrics"]]
        if "skip" in spec:
            spec["skip"] = [self._rule(rule) for rule in spec["skip"]]
        return spec

    def _base_values(self) -> dict[str, Any]:
        base = dict(self._spec.get("base") or {})
        for name, value in list(base.items()):
            if name == "scheduler" and is_reference(value):
                base |= {part: self._base[part] for part in ("scheduler", "scheduler_code")}
            elif name in CODE:
                base[name] = _code(name, value, self._base)
            elif name == "config" and "config" not in self._base:
                del base[name]
            elif _names_path(name, value):
                base[name] = _in_recipe(name, self._base)
        return base

    def _axes(self) -> dict[str, Any]:
        descriptions = self._spec.get("axes") or {}
        axes = {name: self._axis(name, value) for name, value in descriptions.items()}
        for group, steps in self._steps.items():
            if any(self._lacks_values(name, axes[name]) for name in group):
                columns = zip(*steps.values(), strict=True)
                axes |= {name: list(values) for name, values in zip(group, columns, strict=True)}
        return axes

    def _axis(self, name: str, description: Any) -> Any:
        if name in _NAMES_CODE:
            is_code = isinstance(description, list) and any(map(is_reference, description))
            return list(self._values.get(name, {}).values()) if is_code else description
        if name not in self._values:
            return description
        if not isinstance(description, list):
            return list(self._values[name].values())
        known = self._values[name]
        return [
            self._value(name, value)
            for value in description
            # a picture that no cell was made of is not in the export
            if json.dumps(value) in known or not _names_path(name, value)
        ]

    def _lacks_values(self, name: str, values: Any) -> bool:
        """Whether an axis may have lost values, so that those that it is zipped with must too."""
        description = self._spec["axes"][name]
        if isinstance(description, list):
            return len(values) < len(description)
        return name in self._values

    def _metric(self, entry: Any) -> Any:
        """A metric of the sweep; a network in a folder is called by the folder's name."""
        if not isinstance(entry, dict):
            return entry
        ((name, options),) = entry.items()
        portable = dict(options)
        if _is_path(options.get("model") or None):
            portable["model"] = _file_names(options["model"])
        if isinstance(options.get("against"), dict):
            portable["against"] = self._rule(options["against"])
        return {name: portable}

    def _rule(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: [self._value(name, each) for each in value]
            if isinstance(value, list)
            else self._value(name, value)
            for name, value in rule.items()
        }

    def _value(self, name: str, value: Any) -> Any:
        text = json.dumps(value)
        if text in self._values.get(name, {}):
            return self._values[name][text]
        return _file_names(value) if _names_path(name, value) else value


def _code(name: str, value: Any, recipe: Mapping[str, Any]) -> Any:
    """What stands for a value that may be code: its hash, without a path."""
    if name == "scheduler":
        return recipe.get("scheduler_code") or value
    return recipe.get(name)


def checked_model(model: object) -> str:
    """A stranger's name of a model, which is no path: of the catalog, of the hub, or a fingerprint.

    Raises InvalidInput.
    """
    is_name = isinstance(model, str) and (
        model in catalog.CATALOG or catalog.hub_entry(model) or _FINGERPRINT.fullmatch(model)
    )
    if not is_name:
        raise InvalidInput("model", model, "a name of the catalog, a hub id, or a fingerprint")
    return str(model)


def check_portable(spec: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a stranger's sweep that names paths of a machine."""
    checked_model(spec.get("model", "shapes"))
    for part in ("base", "axes"):
        values = spec.get(part)
        for name, value in values.items() if isinstance(values, dict) else ():
            if checkpoint_files.is_description(own_name(str(name)), value):
                raise InvalidInput(f"{part}.{name}", value, "values: strangers look for no files")
            _check_portable(f"{part}.{name}", str(name), value)
    metrics = spec.get("metrics")
    for entry in metrics if isinstance(metrics, list) else ():
        _check_metric(entry)


def _check_portable(field: str, name: str, value: Any) -> None:
    parent = own_name(name).partition(".")[0]
    if name in _NAMES_CODE:
        _check_no_code(field, value)
    elif parent == "model":
        for model in value if isinstance(value, list) else [value]:
            checked_model(model)
    elif inputs.is_picture(own_name(name)):
        for text in _texts(value):
            if not (inputs.digest_of(text) or inputs.reference_of_path(text)):
                raise InvalidInput(field, text, f"a picture in {inputs.FOLDER}/")
    elif parent in (*LISTS, *PARTS, "config"):
        for text in _texts(value):
            if _LEADS_ELSEWHERE.search(text):
                raise InvalidInput(field, text, "hashes, or names of the hub; no paths")


def _check_no_code(field: str, value: Any) -> None:
    """Raise InvalidInput for code in a file: a stranger's sweep names code by its hash only."""
    for each in value if isinstance(value, list) else [value]:
        if is_reference(each):
            raise InvalidInput(field, each, "a map with the name and the hash of code; no path")


def _check_metric(entry: Any) -> None:
    if is_reference(entry):
        raise InvalidInput("metrics", entry, "names of metrics, or the hash of code; no path")
    for name, options in entry.items() if isinstance(entry, dict) else ():
        if is_reference(name) or (isinstance(options, dict) and "file" in options):
            raise InvalidInput("metrics", name, "names of metrics, or the hash of code; no path")
        model = options.get("model") if isinstance(options, dict) else None
        if isinstance(model, str) and _LEADS_ELSEWHERE.search(model):
            raise InvalidInput(f"metrics.{name}.model", model, "a name of the hub; no path")


def _in_recipe(name: str, recipe: Mapping[str, Any]) -> Any:
    """What a recipe has under the name of an axis; pictures as paths of a results folder."""
    parent, _, child = name.partition(".")
    value = recipe.get(parent)
    if child and parent in list_values.NAMES:
        value = list_values.values_by_axis(parent, value).get(name)
    elif child and isinstance(value, dict):
        value = value.get(child)
    return _stored_path(value) if inputs.is_picture(name) else value


def _stored_path(value: Any) -> Any:
    """Where pictures lie that a recipe names by their hashes, one or several."""
    if isinstance(value, list | tuple):
        return [_stored_path(each) for each in value]
    texts = str(value).split(", ") if value is not None else []
    paths = [inputs.stored_path(text) or text for text in texts]
    return (paths[0] if len(paths) == 1 else paths) or None


def _file_names(value: Any) -> Any:
    if isinstance(value, list):
        return [_file_names(each) for each in value]
    if not isinstance(value, str) or inputs.digest_of(value):
        return value
    return PurePath(value.replace("\\", "/")).name


def _names_path(name: str, value: Any) -> bool:
    """Whether the value of a name may be, or contain, a path of a machine."""
    parent = name.partition(".")[0]
    if parent not in (*inputs.PICTURES, *LISTS, *PARTS, *_PLAIN):
        return False
    if parent in _PLAIN:
        return _is_path(value)
    return any(map(_may_be_path, _texts(value)))


def _may_be_path(text: str) -> bool:
    is_file = text.lower().endswith((*inputs.SUFFIXES, *_WEIGHTS))
    return is_file or "/" in text or "\\" in text or text.startswith("~")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _is_path(model: object) -> bool:
    """Whether a model is named by where it is on a machine, not by the catalog or the hub."""
    if not isinstance(model, str) or model in catalog.CATALOG:
        return False
    try:
        return catalog.lookup(model).local
    except (InvalidInput, ModelError):
        # it is gone
        return True
