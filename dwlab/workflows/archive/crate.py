"""The metadata of an export as archives understand it.

RO-Crate 1.1 (Soiland-Reyes et al. 2022, https://w3id.org/ro/crate/1.1): JSON-LD in a file of a fixed
name. Written here, because rocrate would write the time of the export into it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_LICENCE = "None is stated: ask whoever made this sweep."
_HOMES = {
    "python": "https://www.python.org",
    "torch": "https://pytorch.org",
    "diffusers": "https://github.com/huggingface/diffusers",
    "transformers": "https://github.com/huggingface/transformers",
}
_KINDS = {
    layout.README: ("text/plain", "What is in this folder, and how to open it"),
    layout.EXPERIMENT: ("application/yaml", "The sweep: what was asked for"),
    layout.SWEEP: ("application/json", "The sweep as dwlab reads it, with code hashes"),
    layout.ROWS: ("application/jsonl", "One row per picture: recipe, versions, times, metrics"),
    layout.VOTES: ("application/jsonl", "Votes of raters on pairs of pictures"),
    layout.NEEDS: ("application/json", "Models and files that made the pictures, by hash"),
    layout.TABLE: ("text/csv", "The table of the sweep"),
    layout.REPORT: ("text/html", "The report of the sweep"),
    layout.VIEWER: ("text/html", "All pictures of the sweep, to be arranged and compared"),
}


@dataclass(frozen=True)
class Contents:
    """What the metadata tell of an export.

    files: the size of each file but pictures, by name. created, ended: when the sweep was entered
    and its last picture was made. packages: the versions that made pictures, each set once.
    """

    name: str
    created: str
    ended: str
    pictures: int
    inputs: int
    files: Mapping[str, int]
    packages: list[dict[str, Any]]


def metadata(contents: Contents) -> bytes:
    """The JSON-LD; the same for the same contents."""
    parts = [_file(name, size) for name, size in contents.files.items() if name in _KINDS]
    parts.append(_folder(layout.IMAGES, f"{contents.pictures:,} pictures, named by their SHA-256"))
    if contents.inputs:
        text = f"{contents.inputs:,} pictures that others start from, named by the hash of their pixels"
        parts.append(_folder(layout.INPUTS, text))
    software = list(_software(contents.packages))
    graph = [_descriptor(), _root(contents, parts), *parts, _run(contents, software), *software]
    document = {"@context": f"{_SPECIFICATION}/context", "@graph": graph}
    return f"{json.dumps(document, indent=1, ensure_ascii=False)}\n".encode()


def _descriptor() -> dict[str, Any]:
    return {
        "@id": layout.CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _SPECIFICATION},
        "about": {"@id": "./"},
    }


def _root(contents: Contents, parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": contents.name,
        "description": (
            f"A sweep of diffusion models: {contents.pictures:,} pictures with their recipes, made by "
            "dwlab"
        ),
        "dateCreated": contents.created,
        "datePublished": contents.ended,
        "license": _LICENCE,
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": {"@id": "#run"},
    }


def _file(name: str, size: int) -> dict[str, Any]:
    kind, description = _KINDS[name]
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": description,
        "encodingFormat": kind,
        "contentSize": str(size),
    }


def _folder(name: str, description: str) -> dict[str, Any]:
    return {"@id": f"{name}/", "@type": "Dataset", "name": name, "description": description}


def _run(contents: Contents, software: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What made the pictures (RO-Crate 1.1, "Provenance of entities")."""
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"The sweep {contents.name}",
        "startTime": contents.created,
        "endTime": contents.ended,
        "instrument": [{"@id": each["@id"]} for each in software],
        "object": {"@id": layout.EXPERIMENT},
        "result": [{"@id": f"{layout.IMAGES}/"}, {"@id": layout.ROWS}],
    }


def _software(packages: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Each package in each version that made pictures."""
    known = {
        (name, str(version))
        for versions in packages
        for name, version in versions.items()
        if name in _HOMES or name == "dwlab"
    }
    for name, version in sorted(known):
        software = {
            "@id": f"#{name}-{version}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
        }
        yield {**software, "url": _HOMES[name]} if name in _HOMES else software
