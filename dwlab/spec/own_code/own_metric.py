"""A metric of the user's own: the hash of its code, and what it says of itself."""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import InvalidInput
from . import code as codes
from . import files, live
from .code import MAIN
from .metric_facts import MARK, MetricFacts
from .parameters import NAME
from .row_parts import name_code_and_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FIELD = "metrics"
SHAPE = (
    "a function like `def name(pictures, cells)`, decorated with @dwlab.metric; a third parameter, "
    "`references`, compares with other pictures, and `*, device` tells where to compute"
)
_REFERENCES = "references"
_DEVICE = "device"
_PARTS = ("name", "code", "file")


@dataclass(frozen=True)
class OwnMetric:
    """A metric of the user's own.

    code: the hash of its code. file: where it was read; empty for one of a notebook or a package.
    facts: what its decorator says; None if its code is not here. compares: whether it is given
    references. takes_device: whether it is told where to compute.
    """

    name: str
    code: str
    file: str = ""
    facts: MetricFacts | None = field(default=None, compare=False)
    compares: bool = field(default=False, compare=False)
    takes_device: bool = field(default=False, compare=False)

    @property
    def reference(self) -> str:
        """How an experiment's file names it; its name alone without a file."""
        return f"{self.file}:{self.name}" if self.file else self.name

    @property
    def is_here(self) -> bool:
        """Whether its code can be read; that of another session's notebook cannot."""
        return bool(self.file) or codes.known(self.code) is not None

    def function(self) -> Callable[..., Any]:
        """The function, ready to be called; raises RenderError like `loading.object_of`."""
        from .loading import object_of

        function: Callable[..., Any] = object_of(self.name, self.code, self.file)
        return function


def of_file(field: str, reference: str) -> OwnMetric:
    """The metric that `FILE.py:NAME` means, whose code is not run; raises InvalidInput."""
    file = files.read(field, reference)
    name = file.code.name
    function = file.declarations.decorated(field, name, "metric", SHAPE)
    arguments = function.args
    positional = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    keywords = [argument.arg for argument in arguments.kwonlyargs]
    _check_names(field, name, positional, keywords, arguments.vararg or arguments.kwarg)
    options = file.declarations.decorator_options(field, function, "metric")
    return OwnMetric(
        name=name,
        code=file.code.digest,
        file=file.code.paths[MAIN],
        facts=MetricFacts.of_options(options),
        compares=len(positional) == 3,
        takes_device=bool(keywords),
    )


def of_function(field: str, function: Any) -> OwnMetric:
    """The metric that a function of this process is; raises InvalidInput.

    The person at this process wrote the function down, so its code may run here.
    """
    facts = getattr(function, MARK, None)
    if not isinstance(facts, MetricFacts) or not isinstance(function, types.FunctionType):
        raise InvalidInput(field, getattr(function, "__name__", function), SHAPE)
    code = live.code_of(field, function)
    return of_live(function, code.digest, code.paths.get(MAIN, ""))


def of_row(field: str, name: str, values: Mapping[str, object]) -> OwnMetric:
    """A metric as a stored sweep names it: by its name and the hash of its code.

    Its facts are known if this process has its function. Raises InvalidInput.
    """
    checked = name_code_and_file(field, {"name": name, **values}, _PARTS, "function")
    known = codes.known(checked[1])
    if known is not None and known.object is not None:
        return of_live(known.object, checked[1], "")
    return OwnMetric(*checked)


def of_live(function: Callable[..., Any], digest: str, file: str) -> OwnMetric:
    """The metric that a marked function is, with the hash and the file of its code."""
    parameters = inspect.signature(function).parameters.values()
    positional = [each for each in parameters if each.kind <= each.POSITIONAL_OR_KEYWORD]
    return OwnMetric(
        name=function.__name__,
        code=digest,
        file=file,
        facts=getattr(function, MARK),
        compares=len(positional) == 3,
        takes_device=any(each.kind is each.KEYWORD_ONLY for each in parameters),
    )


def check_shape(function: Any) -> None:
    """Raise InvalidInput unless a function can be a metric."""
    name = getattr(function, "__name__", "")
    is_plain = isinstance(function, types.FunctionType) and not (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )
    if not is_plain or not NAME.fullmatch(name):
        raise InvalidInput(FIELD, name or function, SHAPE)
    parameters = inspect.signature(function).parameters.values()
    positional = [each.name for each in parameters if each.kind <= each.POSITIONAL_OR_KEYWORD]
    keywords = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    others = len(parameters) - len(positional) - len(keywords)
    _check_names(FIELD, name, positional, keywords, others)


def _check_names(
    field: str, name: str, positional: Sequence[str], keywords: Sequence[str], others: object
) -> None:
    is_called_so = len(positional) == 2 or positional[2:] == [_REFERENCES]
    if not is_called_so or len(positional) < 2 or keywords not in ([], [_DEVICE]) or others:
        raise InvalidInput(field, name, SHAPE)
