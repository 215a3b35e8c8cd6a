"""Whose code may run: only code that the person at this machine named or agreed to.

Agreement is kept by the hash of the code, or by the folder it lies in, in the user's own config
folder. What a picture, a results folder or a request names is never run because they name it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._util.atomic import write_atomic
from .._util.regular_file import open_regular
from ..errors import InvalidInput, StoreError
from ..spec.own_code import code as codes
from ..spec.own_code.own_metric import FIELD as METRICS
from ..spec.own_code.own_metric import OwnMetric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..spec.metric_requests import MetricRequest
    from ..spec.own_code.classes import OwnClass
    from ..spec.own_code.recipe import Method
    from ..spec.params import GenerationParams

    Code = Method | OwnClass | OwnMetric
    # what names code
    Naming = GenerationParams | MetricRequest

SIZE_LIMIT = 1 << 24  # bytes
_KEYS = ("code", "folders")


def code_in(cells: Iterable[Naming]) -> list[Code]:
    """The code that cells name, each once."""
    named: dict[str, Code] = {}
    for cell in cells:
        named |= {code.code: code for code in cell.code}
    return list(named.values())


def not_trusted(cells: Iterable[Naming]) -> list[Code]:
    """The code in cells that nobody here agreed to; what was agreed to before may run from now on."""
    named = [method for method in code_in(cells) if not codes.is_agreed(method.code)]
    if not named:
        return []
    trusted = _read()
    others = []
    for method in named:
        if method.code in trusted["code"] or _folder_of(method) in trusted["folders"]:
            codes.agree(method.code)
        else:
            others.append(method)
    return others


def check(cells: Iterable[Naming]) -> None:
    """Raise InvalidInput if cells name code that nobody here agreed to."""
    for method in not_trusted(cells):
        allowed = (
            "code that you agreed to run, because code can do whatever you can; read "
            f"{method.file or 'it'}, then run `dwlab sweep` on a terminal and answer, or pass "
            "--trust-code (in Python: trust_code=True, or the function itself)"
        )
        field = METRICS if isinstance(method, OwnMetric) else "method"
        raise InvalidInput(field, method.name, allowed)


def agree(requests: Iterable[MetricRequest]) -> None:
    """Let the code of metrics run in this process, which the person at it named."""
    for own in code_in(requests):
        codes.agree(own.code)


def trust(cells: Iterable[Naming], *, folders: bool = False) -> None:
    """Let the code in cells run, now and later. folders: and all other code beside it."""
    others = not_trusted(cells)
    if not others:
        return
    trusted = _read()
    for method in others:
        codes.agree(method.code)
        folder = _folder_of(method)
        if folders and folder:
            trusted["folders"].append(folder)
        else:
            trusted["code"].append(method.code)
    kept = {name: sorted(set(values)) for name, values in trusted.items()}
    write_atomic(_path(), json.dumps(kept, indent=1).encode())


def _folder_of(method: Code) -> str:
    """The folder of a method's file, without links; empty for one of a notebook."""
    return str(Path(method.file).resolve().parent) if method.file else ""


def _path() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("dwlab")) / "trusted-code.json"


def _read() -> dict[str, list[str]]:
    """The hashes and the folders of code that was agreed to."""
    try:
        with open_regular(_path()) as file:
            values: Any = json.loads(file.read(SIZE_LIMIT))
    except FileNotFoundError:
        values = {}
    except (OSError, ValueError, RecursionError) as error:
        raise _spoiled(error) from error
    if not isinstance(values, dict):
        raise _spoiled(f"it holds {type(values).__name__}, not an object")
    return {name: [str(value) for value in values.get(name, [])] for name in _KEYS}


def _spoiled(reason: object) -> StoreError:
    return StoreError(
        f"{_path()} cannot be used ({reason}); delete it, and answer again which code may run"
    )
