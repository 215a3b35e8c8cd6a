"""The lines of `rows.jsonl`: written without paths of this machine, and read with distrust."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from ..._util.checks import is_number, is_whole_number
from ...errors import InvalidInput, ModelError
from ...pictures import recipes
from ...pictures.films import BYTES_LIMIT
from ...pictures.traces import Trace
from ...spec.modes import rows_of_mode
from ...spec.names import CODE
from ...spec.param_checks import DTYPES
from ...spec.portable import checked_model, portable_axes, portable_recipe
from ...spec.probes import PROBES, RECORDED
from ...spec.recipe_key import has_key, parsed
from ...store.archived_cells import SHARED_MARKS, ArchivedCell
from ...store.cells import CellRow
from ...store.traces import StoredFilm, film_path
from .layout import IMAGE_PATH, ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

LINE_LIMIT = 1 << 20  # bytes
TEXT_LIMIT = 20_000  # characters of an error or a note
NAMES_LIMIT = 200  # metrics, or axes, of a cell
_HASH = re.compile("[0-9a-f]{64}")
# the marks of settings that change pictures follow the hash
_WEIGHTS = re.compile(r"[0-9a-f]{8,64}([+:][A-Za-z0-9_.:+-]{1,200})?")
_NAME = re.compile(r"[^\W\d][\w.:-]{0,99}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]{5,20}(Z|[+-]\d\d:\d\d)?")
# the folders of an absolute path, up to its last separator; addresses of the web are none
_FOLDERS = re.compile(r"(?<![\w.:/\\~-])(?:[A-Za-z]:|~\w*)?[/\\](?:[^\s'\"/\\]+[/\\])+")
_QUOTED_FOLDERS = re.compile(r"(?<=['\"])(?:[A-Za-z]:|~\w*)?[/\\](?:[^'\"/\\\n]+[/\\]+)+")
_STATUSES = ("ok", "failed", "oom")
_to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_axes_json = json.JSONEncoder(ensure_ascii=True).encode


def line_of(cell: ArchivedCell) -> tuple[str, dict[str, Any]]:
    """A cell as a line, and its recipe without paths.

    Raises InvalidInput or ModelError for a recipe that this version refuses, or that has not the
    cell's key, so that nobody could take it in.
    """
    row = cell.row
    recipe = portable_recipe(json.loads(row.params), row.weights)
    _check_key(row, recipe)
    values = {
        "position": cell.position,
        "axes": portable_axes(json.loads(cell.axes), recipe),
        **vars(row),
        "error": _without_folders(row.error),
        "params": recipe,
        "versions": json.loads(row.versions),
        "metrics": cell.metrics,
        "measurements": cell.measurements,
        "marks": cell.marks,
    }
    if cell.traces:
        values["traces"] = {trace.name: [trace.columns, trace.reason] for trace in cell.traces}
    if cell.film:
        values["film"] = [cell.film.sha256, cell.film.bytes]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")), recipe


def _without_folders(error: str | None) -> str | None:
    """What an error says, with files of this machine by their names alone."""
    return error and _FOLDERS.sub("", _QUOTED_FOLDERS.sub("", error))


def cell_of(line: bytes, number: int) -> ArchivedCell:
    """The cell in a line of a stranger's file; raises InvalidInput, which names the line.

    Its key is that of its recipe, and each value is of the kind and size that dwlab writes.
    """
    field = f"{ROWS} line {number}"
    values = _object(field, line)
    try:
        return _cell(values)
    except InvalidInput as error:
        raise error.at(f"{field}: {error.field}") from None
    except (ModelError, KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise InvalidInput(field, _start(line), f"a row of dwlab ({error})") from None


def _object(field: str, line: bytes) -> dict[str, Any]:
    if len(line) > LINE_LIMIT:
        raise InvalidInput(field, f"{len(line):,} bytes", f"at most {LINE_LIMIT:,}")
    try:
        values = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise InvalidInput(field, _start(line), "a JSON object in one line") from None
    if not isinstance(values, dict):
        raise InvalidInput(field, _start(line), "a JSON object in one line")
    return values


def _start(line: bytes) -> str:
    return line[:80].decode("utf-8", "replace")


def _cell(values: Mapping[str, Any]) -> ArchivedCell:
    row = _row(values)
    position = values["position"]
    if not is_whole_number(position) or not 0 <= position < 2**53:
        raise InvalidInput("position", position, "a whole number of at least 0")
    axes = _map("axes", values["axes"])
    for name in axes:
        _text("axes", name, 200)
    return ArchivedCell(
        position,
        _axes_json(axes),
        row,
        _pairs("metrics", values.get("metrics", {}), _checked_metric),
        _pairs("measurements", values.get("measurements", {}), _checked_measurement),
        _pairs("marks", values.get("marks", {}), _checked_mark),
        _traces(values.get("traces", {})),
        _film(values.get("film"), row.image),
    )


def _traces(value: object) -> tuple[Trace, ...]:
    traces = []
    for name, pair in _map("traces", value).items():
        if name not in PROBES:
            _matching("traces", name, RECORDED)
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidInput(f"traces.{name}", pair, "lists, and a reason")
        traces.append(Trace.checked(name, *pair))
    return tuple(traces)


def _film(value: object, image: str | None) -> StoredFilm | None:
    """The film beside a picture; None without one."""
    if value is None or image is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidInput("film", value, "a hash and a size")
    digest, size = value
    if not is_whole_number(size) or not 0 < size <= BYTES_LIMIT:
        raise InvalidInput("film", size, f"at most {BYTES_LIMIT:,} bytes")
    return StoredFilm(film_path(image), _matching("film", digest, _HASH), size)


def _row(values: Mapping[str, Any]) -> CellRow:
    params = _map("params", values["params"])
    for name, value in params.items():
        if not (_is_hashed_code(name, value) or recipes.is_safe(name, value)):
            raise InvalidInput(name, value, "a parameter that names no path of a machine")
    recipe = parsed(params).as_dict()
    recipe["model"] = checked_model(params.get("model"))
    row = CellRow(
        key=_matching("key", values["key"], _HASH),
        params=_to_json(recipe),
        weights=_matching("weights", values["weights"], _WEIGHTS),
        dtype=_one_of("dtype", values["dtype"], DTYPES[1:]),
        device=None if values["device"] is None else _text("device", values["device"], 100),
        status=_one_of("status", values["status"], _STATUSES),
        error=None if values["error"] is None else _long_text("error", values["error"]),
        created=_matching("created", values["created"], _TIME),
        versions=json.dumps(_map("versions", values["versions"])),
        mode=_text("mode", values["mode"], 20),
        seconds=_seconds("seconds", values["seconds"]),
        device_seconds=_seconds("device_seconds", values["device_seconds"]),
        load_seconds=_seconds("load_seconds", values["load_seconds"]),
        **_picture(values),
    )
    _check_key(row, recipe)
    return row


def _is_hashed_code(name: str, value: object) -> bool:
    """Whether a parameter is code by its hash, which nothing here runs by that."""
    return name in CODE and isinstance(value, dict) and "file" not in value


def _picture(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns about a picture; None in each if there is none."""
    if values["status"] != "ok":
        return dict.fromkeys(("image", "pixels", "bytes"))
    size = values["bytes"]
    if not is_whole_number(size) or not 0 < size < 2**40:
        raise InvalidInput("bytes", size, "the size of a picture's file")
    return {
        "image": _matching("image", values["image"], IMAGE_PATH),
        "pixels": _matching("pixels", values["pixels"], _HASH),
        "bytes": size,
    }


def _check_key(row: CellRow, recipe: Mapping[str, Any]) -> None:
    """Raise InvalidInput unless the key of a row is that of its recipe."""
    params = parsed(recipe)
    exact = rows_of_mode(row.mode)
    if not has_key(params, row.key, weights=row.weights, dtype=row.dtype, exact=exact):
        raise InvalidInput("key", row.key, "the hash of the row's recipe, weights, dtype and mode")


def _pairs(field: str, value: object, check: Any) -> dict[str, Any]:
    pairs = {}
    for name, pair in _map(field, value).items():
        _matching(field, name, _NAME)
        if not isinstance(pair, list) or len(pair) != 2:
            raise InvalidInput(f"{field}.{name}", pair, "a list of two values")
        pairs[name] = check(f"{field}.{name}", *pair)
    return pairs


def _checked_metric(field: str, version: object, value: object) -> tuple[int, object]:
    if not is_whole_number(version) or not 0 <= version < 2**31:
        raise InvalidInput(field, version, "a version and a value")
    if isinstance(value, str):
        return version, _long_text(field, value)
    if value is not None and not is_number(value):
        raise InvalidInput(field, value, "a number or a text")
    return version, value


def _checked_measurement(field: str, source: object, value: object) -> tuple[str, float]:
    if not is_number(value):
        raise InvalidInput(field, value, "a number")
    return _text(field, source, 200), float(value)


def _checked_mark(field: str, value: object, created: object) -> tuple[object, str]:
    name = field.rpartition(".")[2]
    time = _matching(field, created, _TIME)
    if name not in SHARED_MARKS:
        raise InvalidInput(field, value, f"one of {', '.join(SHARED_MARKS)}")
    if name == "note":
        return _long_text(field, value), time
    if not is_whole_number(value) or not 0 <= value <= 5:
        raise InvalidInput(field, value, "0 to 5 stars")
    return value, time


def _map(field: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > NAMES_LIMIT:
        raise InvalidInput(field, value, f"a map of at most {NAMES_LIMIT} values")
    # a lone surrogate cannot be stored
    _to_json(value).encode()
    return value


def _text(field: str, value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise InvalidInput(field, value, f"text of at most {most} characters")
    return value


def _long_text(field: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or "\0" in value:
        raise InvalidInput(field, value, f"text of at most {TEXT_LIMIT:,} characters")
    value.encode()
    return value


def _matching(field: str, value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(field, value, f"text like {pattern.pattern}")
    return value


def matching_time(field: str, value: object) -> str:
    """A time as dwlab writes it; raises InvalidInput."""
    return _matching(field, value, _TIME)


def _one_of(field: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidInput(field, value, f"one of {', '.join(allowed)}")
    return str(value)


def _seconds(field: str, value: object) -> float | None:
    if value is None:
        return None
    if not is_number(value) or not 0 <= value < math.inf:
        raise InvalidInput(field, value, "seconds")
    return float(value)
