"""Metrics as an experiment's file or a command names them: a name, or a name with options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .._util.checks import is_finite_number, is_number
from .._util.existing_path import existing_path
from ..errors import InvalidInput
from .own_code import files, own_metric

if TYPE_CHECKING:
    from pathlib import Path

    from .own_code.own_metric import OwnMetric

FIELD = "metrics"
_LABEL = re.compile(r"[A-Za-z0-9][\w-]{0,39}", re.ASCII)
_EXAMPLE = (
    "a name, a name with options like {ssim: {against: {steps: 50}}}, a metric of your own like "
    "metrics/mine.py:sharpness, or a function with @dwlab.metric"
)
# what stands for code of a notebook in a stored sweep
_OF_CODE = ("code", "file")


@dataclass(frozen=True)
class MetricRequest:
    """A metric to measure, and how.

    name: of the metric. model: the folder or hub id of the network that it looks through; empty for
    the one that dwlab ships. against: (axis, value) pairs that name the picture to compare with,
    such as (("steps", 50),). by: what a distance is measured by. tolerance: how far pictures may
    be apart and still be duplicates, 0 to 255. label: set it if the same metric is measured in two
    ways: its column is then called `name.label`. own: the user's own metric that it is.

    Raises InvalidInput, which names the option.
    """

    name: str
    model: str = ""
    against: tuple[tuple[str, object], ...] = ()
    by: str = ""
    tolerance: float | None = None
    label: str = ""
    own: OwnMetric | None = None

    def __post_init__(self) -> None:
        for option in ("model", "by", "label"):
            value = getattr(self, option)
            if not isinstance(value, str):
                raise InvalidInput(self.field(option), value, "a text")
        object.__setattr__(self, "against", self._checked_against())
        tolerance = self.tolerance
        if tolerance is not None and not (is_number(tolerance) and 0 <= tolerance <= 255):
            raise InvalidInput(self.field("tolerance"), tolerance, "a number from 0 to 255")
        if self.label and not _LABEL.fullmatch(self.label):
            allowed = "at most 40 letters, digits, - and _"
            raise InvalidInput(self.field("label"), self.label, allowed)

    def _checked_against(self) -> tuple[tuple[str, object], ...]:
        pairs = self.against
        if isinstance(pairs, Mapping):
            pairs = tuple(pairs.items())
        if not isinstance(pairs, tuple):
            allowed = "a map of axes and values, like {steps: 50}"
            raise InvalidInput(self.field("against"), pairs, allowed)
        for axis, value in pairs:
            is_value = isinstance(value, str | bool | None) or is_finite_number(value)
            if not isinstance(axis, str) or not is_value:
                allowed = "an axis and one of its values, like {steps: 50}"
                raise InvalidInput(self.field("against"), dict(pairs), allowed)
        return pairs

    @property
    def column(self) -> str:
        """The column of the table that it fills."""
        return f"{self.name}.{self.label}" if self.label else self.name

    @property
    def code(self) -> tuple[OwnMetric, ...]:
        """The code of the user's own that it names."""
        return (self.own,) if self.own else ()

    @property
    def options(self) -> tuple[str, ...]:
        """The options that say something, apart from the label."""
        names = [name for name in _options() if name != "label"]
        return tuple(name for name in names if getattr(self, name) not in ("", (), None))

    def field(self, option: str) -> str:
        """What errors call an option of this metric."""
        return f"{FIELD}.{self.name}.{option}"


def parse(metrics: Sequence[object]) -> list[MetricRequest]:
    """The metrics of a list in an experiment's file; raises InvalidInput for anything else.

    Whether there are such metrics, and whether they take these options, is not looked at.
    """
    requests = [_parse_one(entry) for entry in metrics]
    columns: set[str] = set()
    for request in requests:
        if request.column in columns:
            allowed = "each metric once; with another label: a second time"
            raise InvalidInput(FIELD, request.column, allowed)
        columns.add(request.column)
    return requests


def _parse_one(entry: object) -> MetricRequest:
    if isinstance(entry, MetricRequest):
        return entry
    if isinstance(entry, str) or callable(entry):
        return _named(entry, {})
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise InvalidInput(FIELD, entry, _EXAMPLE)
    name, options = next(iter(entry.items()))
    if not (isinstance(name, str) or callable(name)) or not isinstance(options, Mapping):
        raise InvalidInput(FIELD, entry, _EXAMPLE)
    return _named(name, options)


def _named(name: object, options: Mapping[Any, Any]) -> MetricRequest:
    """The metric that a name, a file or a function means, with options."""
    code = {option: value for option, value in options.items() if option in _OF_CODE}
    others = {option: value for option, value in options.items() if option not in _OF_CODE}
    own = None
    if isinstance(name, str) and code:
        own = own_metric.of_row(FIELD, name, code)
    elif callable(name):
        own = own_metric.of_function(FIELD, name)
    elif isinstance(name, str) and ".py" in name:
        own = own_metric.of_file(FIELD, name)
    known = _options()
    label = own.name if own else str(name)
    for option in others:
        if option not in known:
            raise InvalidInput(f"{FIELD}.{label}", option, f"the options {', '.join(known)}")
    return MetricRequest(label, own=own, **others)


def _options() -> list[str]:
    """The options of a metric, by the names that files have for them."""
    return [field.name for field in fields(MetricRequest) if field.name not in ("name", "own")]


def of_own(metrics: Sequence[object] | None) -> list[MetricRequest]:
    """The metrics of the user's own in a list, as far as their code is here."""
    requests = [request for request in parse(metrics or ()) if request.own]
    return [request for request in requests if request.own and request.own.is_here]


def with_code_read(metrics: Sequence[object]) -> list[object]:
    """A list of metrics in which those of the user's own stay as their code is now."""
    requests = parse(metrics)
    pairs = zip(metrics, requests, strict=True)
    return [request if request.own else entry for entry, request in pairs]


def shown(option: str, value: object) -> object:
    """The value of an option as people write it."""
    return dict(value) if option == "against" and isinstance(value, tuple) else value


def as_plain(metrics: Sequence[object]) -> list[object]:
    """A list of metrics as plain values, from which `parse` makes the same requests."""
    return [
        _plain_request(entry) if isinstance(entry, MetricRequest) else entry for entry in metrics
    ]


def _plain_request(request: MetricRequest) -> object:
    values = {name: getattr(request, name) for name in _options()}
    options = {name: value for name, value in values.items() if value not in ("", (), None)}
    if "against" in options:
        options["against"] = dict(options["against"])
    own = request.own
    if own is not None and not own.file:
        options["code"] = own.code
    name = own.reference if own else request.name
    return {name: options} if options else name


def beside(folder: Path, metrics: Sequence[object]) -> list[object]:
    """A list of metrics whose networks and code may lie beside an experiment's file, in its folder."""
    moved: list[object] = []
    for entry in metrics:
        if isinstance(entry, Mapping):
            pairs = entry.items()
            moved.append({_name(folder, name): _moved(folder, each) for name, each in pairs})
        else:
            moved.append(_name(folder, entry))
    return moved


def _name(folder: Path, name: object) -> object:
    """A metric's name; code in a file is looked for from the folder."""
    if isinstance(name, str) and files.is_reference(name) and not name.startswith("~"):
        return str((folder / name).absolute())
    return name


def _moved(folder: Path, options: object) -> object:
    if not isinstance(options, Mapping) or not isinstance(options.get("model"), str):
        return options
    path = existing_path(str(folder / options["model"]))
    return {**options, "model": str(path)} if path else options
