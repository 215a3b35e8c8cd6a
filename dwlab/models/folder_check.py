"""All that is wrong with a pipeline's folder, part by part."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.jsonfile import read_object
from ..errors import ModelError, first_line
from ..spec import model_folder, safetensors_header
from . import pipeline_kinds, size_limits, tensor_check, trust, weight_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENTRIES_LIMIT = 10_000
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True)
class Finding:
    """A problem of a folder (see `checkup.Problem`)."""

    level: str
    code: str
    text: str


def findings(name: str, folder: Path) -> Iterator[Finding]:
    """Everything that is wrong with a folder; reads configs and headers only."""
    yield from _links(folder)
    yield from _code(folder)
    for code, work in (
        ("index", lambda: model_folder.describe(name, folder)),
        ("trust", lambda: trust.check_folder(folder)),
        ("kind", lambda: pipeline_kinds.check(name, folder)),
    ):
        yield from _attempt(code, work)
    for part, library, cls in _parts(folder):
        yield from _part(folder, part, library, cls)


def facts(folder: Path) -> dict[str, Any]:
    """What a folder is, as far as its index tells."""
    index = _index(folder)
    sizes = [header.size for header in _headers(folder)]
    return {
        "pipeline": str(index.get("_class_name", "unknown")),
        "gigabytes": round(sum(sizes) / 1e9, 2),
    }


def _attempt(code: str, work: Callable[[], object]) -> Iterator[Finding]:
    try:
        work()
    except ModelError as error:
        yield Finding("error", code, str(error))


def _index(folder: Path) -> dict[str, Any]:
    try:
        return read_object(folder / "model_index.json")
    except ModelError:
        return {}


def _parts(folder: Path) -> list[tuple[str, object, object]]:
    """(name, library, class) of the parts whose entry in the index is sound."""
    parts = []
    for name, entry in _index(folder).items():
        if isinstance(entry, list) and len(entry) == 2 and entry[1] and name.isidentifier():
            parts.append((name, entry[0], entry[1]))
    return parts


def _part(folder: Path, part: str, library: object, cls: object) -> Iterator[Finding]:
    place = trust.place_of(folder, part)
    if not any(path.exists() for path in place.glob("*config*.json")):
        yield Finding("error", "missing", f"{part} is missing: there is no config in {place}")
        return
    if library in _LIBRARIES and not hasattr(importlib.import_module(str(library)), str(cls)):
        yield Finding(
            "error",
            "class",
            f"{part} is of the class {cls}, which the installed {library} does not have; a newer "
            f"one may (`pip install -U {library}`)",
        )
    yield from _attempt("trust", lambda: trust.check_part(place))
    if weight_files.needs_weights(cls):
        yield from _weights(part, place, library, cls)


def _weights(part: str, place: Path, library: object, cls: object) -> Iterator[Finding]:
    files = [path for path in sorted(place.glob("*.safetensors")) if path.exists()]
    plain = [path for path in files if "." not in path.stem]
    if files and not plain:
        variant = files[0].stem.split(".", 1)[1].split("-")[0]
        text = (
            f"{part} is there in the variant {variant} only; write `variant: {variant}` to use it"
        )
        yield Finding("error", "variant", text)
    elif not files:
        pickles = [path.name for path in sorted(place.iterdir()) if path.suffix in _PICKLES]
        hint = f", only the pickle {pickles[0]}: `dwlab convert` makes one of it" if pickles else ""
        yield Finding("error", "missing", f"{part} has no safetensors in {place}{hint}")
    whole = True
    for path in files:
        flaw = weight_files.flaw(path)
        if flaw:
            whole = False
            yield Finding("error", "weights", f"{path} {flaw}")
    yield from _missing_shards(part, place)
    if plain and whole and library in _LIBRARIES:
        model_class = getattr(importlib.import_module(str(library)), str(cls), None)
        yield from _shapes(part, place, model_class, plain)


def _missing_shards(part: str, place: Path) -> Iterator[Finding]:
    for index in place.glob("*.safetensors.index*.json"):
        try:
            shards = read_object(index, trust.TEXT_LIMIT).get("weight_map")
        except ModelError:
            continue
        names = sorted(set(map(str, shards.values()))) if isinstance(shards, dict) else []
        for name in names:
            if not (place / name).exists():
                yield Finding("error", "missing", f"{part} lacks {name}, which {index.name} names")


def _shapes(part: str, place: Path, model_class: Any, files: list[Path]) -> Iterator[Finding]:
    """Compare the tensors of a part with those that its config describes."""
    if not hasattr(model_class, "load_config") and not hasattr(model_class, "config_class"):
        return
    try:
        headers = [safetensors_header.read(path) for path in files]
        tensors = sum(len(header.tensors) for header in headers)
        size = sum(header.size for header in headers)
        with size_limits.building(str(place), tensors, size):
            fault = _fault_of(model_class, place, headers)
    # a stranger's config can raise anything
    except Exception as error:  # noqa: BLE001
        fault = f"its config does not describe a model ({first_line(error)})"
    if fault:
        yield Finding("error", "tensors", f"{part}: {fault}")


def _fault_of(model_class: Any, place: Path, headers: list[Any]) -> str | None:
    if hasattr(model_class, "load_config"):
        config = model_class.load_config(place, local_files_only=True)
        return tensor_check.difference(model_class, config, headers)
    config = model_class.config_class.from_pretrained(place, local_files_only=True)
    return tensor_check.other_shapes(model_class, config, headers)


def _headers(folder: Path) -> list[Any]:
    """The headers of all plain weights that can be read."""
    headers = []
    for part, _, _ in _parts(folder):
        for path in sorted(trust.place_of(folder, part).glob("*.safetensors")):
            try:
                if "." not in path.stem:
                    headers.append(safetensors_header.read(path))
            except ModelError:
                continue
    return headers


def _links(folder: Path) -> Iterator[Finding]:
    for path in _entries(folder):
        if path.is_symlink() and not os.path.exists(path):  # noqa: PTH110  # also for loops of links
            yield Finding(
                "error", "link", f"{path} is a link to nothing; restore its target or remove it"
            )


def _code(folder: Path) -> Iterator[Finding]:
    scripts = [path for path in _entries(folder) if path.suffix == ".py"]
    if scripts:
        text = f"{scripts[0]} is code, which dwlab never runs; pictures that need it cannot be made"
        yield Finding("warning", "code", text)


def _entries(folder: Path) -> list[Path]:
    """The files of a folder and of those in it, without following links."""
    entries: list[Path] = []
    for place, _, names in os.walk(folder):
        entries += [folder.__class__(place) / name for name in names]
        if len(entries) > ENTRIES_LIMIT:
            break
    return entries[:ENTRIES_LIMIT]
