"""Cells and pictures as they travel between the process that runs a sweep and its workers.

What travels is JSON and the bytes of files; nothing is pickled here. Cells are complete, with the
keys that were planned: a worker that comes to another key refuses the cell.
"""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import InvalidInput
from ..events import Done, Failed, Loaded, Started, Step
from ..models.versions import further_versions, versions
from ..pictures.picture import Picture
from ..pictures.traces import Trace
from ..spec import inputs
from ..spec.own_code.code import MAIN, Code
from ..spec.own_code.loading import agreed_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from PIL import Image

    from ..errors import DwlabError
    from ..events import Event
    from ..models.identity import Identity
    from ..render.resolved_cell import ResolvedCell
    from ..spec.compute import Compute

TOPIC = "dwlab"  # of the news that workers send
# of a picture: what its cell says already, and what travels as bytes
_NOT_IN_WORDS = ("params", "image", "traces", "film", "encoded")
# JSON, and the files that it names by their number
Answer: TypeAlias = tuple[str, list[bytes]]


@dataclass(frozen=True)
class Parcel:
    """Cells for one worker: a document in JSON, and the pictures that they start from, by their hash."""

    document: str
    blobs: Mapping[str, bytes]


def parcel_of(
    cells: Sequence[ResolvedCell], compute: Compute, topic: str = TOPIC, number: int = 0
) -> Parcel:
    """Cells for a worker. topic: under which it sends its news. number: of the chunk in its run.

    Raises InvalidInput for what cannot travel: a function that only a notebook has; and RenderError
    for code that is gone, or that nobody here agreed to run.
    """
    models: dict[Identity, int] = {}
    entries = []
    needed = dict(versions())
    for cell in cells:
        needed.update(further_versions(cell.identity.settings, cell.params))
        model = models.setdefault(cell.identity, len(models))
        entries.append(
            {
                "position": cell.position,
                "key": cell.key,
                "params": cell.params.as_dict(),
                "model": model,
            }
        )
    document = {
        "topic": topic,
        "number": number,
        "versions": needed,
        "compute": _plain_compute(compute),
        "models": [_plain_identity(identity) for identity in models],
        "cells": entries,
        "code": [_plain_code(code) for code in _code_of(cells)],
    }
    return Parcel(json.dumps(document), _pictures_of(cells))


def _plain_compute(compute: Compute) -> dict[str, object]:
    return {
        "device": compute.device,
        "profile": compute.profile,
        "pack": compute.pack,
        "exact": compute.exact,
        "memory": None if compute.memory is None else list(compute.memory),
        "method_timeout": compute.method_timeout,
        "probes": list(compute.probes),
    }


def _plain_identity(identity: Identity) -> dict[str, object]:
    return {
        "name": identity.name,
        "weights": identity.weights,
        "commit": identity.commit,
        "dtype": identity.dtype,
        "settings": identity.settings.changed(),
        "pack": identity.pack,
    }


def _code_of(cells: Iterable[ResolvedCell]) -> list[Code]:
    """The code of the user's own that cells name, each once."""
    named = {each.code: each for cell in cells for each in cell.params.code}
    found = []
    for digest, each in named.items():
        code = agreed_code(each.name, digest, each.file)
        if MAIN not in code.paths:
            allowed = (
                "a function in a file, FILE.py:NAME, where workers compute: one that is defined "
                "in a notebook or on a prompt is in this process only"
            )
            raise InvalidInput("method", each.name, allowed)
        found.append(code)
    return found


def _plain_code(code: Code) -> dict[str, object]:
    return {
        "name": code.name,
        "digest": code.digest,
        "modules": dict(code.modules),
        "paths": dict(code.paths),
        "libraries": list(code.libraries),
    }


def code_of(values: Mapping[str, Any]) -> Code:
    """The code that `_plain_code` wrote down."""
    return Code(
        values["name"],
        values["digest"],
        values["modules"],
        values["paths"],
        tuple(values["libraries"]),
    )


def _pictures_of(cells: Iterable[ResolvedCell]) -> dict[str, bytes]:
    """The pictures that cells start from, as PNG, by the hash of their pixels."""
    pictures: dict[str, bytes] = {}
    for cell in cells:
        for path in inputs.stored_paths(cell.params.as_dict()):
            reference = str(inputs.reference_of_path(path))
            digest = str(inputs.digest_of(reference))
            if digest not in pictures:
                pictures[digest] = _png(cell.picture(reference))
    return pictures


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def answer_of(events: Iterable[Event]) -> Answer:
    """What a worker answers: the events of its cells, without their steps, and the files of pictures."""
    files: list[bytes] = []
    entries = [_plain_event(event, files) for event in events if not isinstance(event, Step)]
    return json.dumps(entries), files


def failure_of(document: Mapping[str, Any], error: DwlabError) -> Answer:
    """What a worker answers if it cannot make the cells of a document."""
    failure = {"kind": Failed.kind, "error": str(error), "status": "failed", "traceback": ""}
    return json.dumps([{**failure, "index": cell["position"]} for cell in document["cells"]]), []


def _plain_event(event: Event, files: list[bytes]) -> dict[str, object]:
    """An event as a map; the files of a picture are added to `files`."""
    values = {
        field.name: getattr(event, field.name)
        for field in dataclasses.fields(event)
        if field.name not in ("params", "result", "preview")
    }
    if isinstance(event, Done):
        if not isinstance(event.result, Picture):
            raise TypeError(f"a Picture was expected, not {event.result!r}")
        values["picture"] = _plain_picture(event.result, files)
    return {"kind": event.kind, **values}


def _plain_picture(picture: Picture, files: list[bytes]) -> dict[str, object]:
    values = {
        field.name: getattr(picture, field.name)
        for field in dataclasses.fields(picture)
        if field.name not in _NOT_IN_WORDS
    }
    files.append(picture.png())
    values["png"] = len(files) - 1
    if picture.film:
        files.append(picture.film)
        values["film"] = len(files) - 1
    values["traces"] = [[trace.name, trace.columns, trace.reason] for trace in picture.traces]
    return values


def events_of(answer: Answer, cells: Sequence[ResolvedCell]) -> Iterator[Event]:
    """The events in a worker's answer, with the cells that they belong to.

    Pictures are decoded one by one, because all of a chunk may fill the memory.
    """
    text, files = answer
    params = {cell.position: cell.params for cell in cells}
    for entry in json.loads(text):
        kind = entry.pop("kind")
        picture = entry.pop("picture", None)
        values = {**entry, "params": params[entry["index"]]}
        if kind == Done.kind:
            yield Done(**values, result=_picture(picture, values["params"], files))
        else:
            yield _KINDS[kind](**values)


_KINDS: dict[str, Any] = {kind.kind: kind for kind in (Started, Step, Failed, Loaded)}


def _picture(values: dict[str, Any], params: object, files: Sequence[bytes]) -> Picture:
    from PIL import Image

    png = files[values.pop("png")]
    film = values.pop("film", None)
    traces = [Trace.of(*trace) for trace in values.pop("traces")]
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        image = opened.convert("RGB")
    return Picture(
        params=params,  # type: ignore[arg-type]  # those of the cell
        image=image,
        traces=tuple(traces),
        film=b"" if film is None else files[film],
        encoded=png,
        **values,
    )


def news_of(event: Event) -> dict[str, object]:
    """What a worker tells at once of an event: that work began on a cell, or a step of it."""
    return _plain_event(event, [])


def event_of(news: Mapping[str, Any], cell: ResolvedCell) -> Event | None:
    """The event that a worker told of; None for the end of a cell, whose picture comes later.

    cell: the one at `news["index"]`.
    """
    kind = _KINDS.get(news["kind"])
    if kind is None:
        return None
    values = {name: value for name, value in news.items() if name != "kind"}
    event: Event = kind(**values, params=cell.params)
    return event
