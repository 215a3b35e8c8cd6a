"""OpenVINO itself, imported so that it tells nobody of its use."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from ...errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator

_TELEMETRY = "openvino_telemetry"


def is_installed() -> bool:
    """Whether OpenVINO is here; imports nothing."""
    return "openvino" in sys.modules or importlib.util.find_spec("openvino") is not None


def check_installed() -> None:
    """Raise MissingExtra unless OpenVINO is here."""
    if not is_installed():
        raise MissingExtra("backend: openvino", "openvino")


def openvino() -> Any:
    """The module `openvino`. Raises MissingExtra.

    OpenVINO reports its import and each conversion to Google Analytics, unless its telemetry cannot
    be imported: then it takes a stub of its own, which does nothing. If somebody else imported it
    before, conversions are silenced all the same.
    """
    check_installed()
    with _hidden(_TELEMETRY):
        import openvino as library
        from openvino.tools.ovc import telemetry_stub
    for name, module in list(sys.modules.items()):
        if name.startswith("openvino.tools.ovc") and "tm" in vars(module):
            vars(module)["tm"] = telemetry_stub
    return library


@contextlib.contextmanager
def _hidden(package: str) -> Iterator[None]:
    """While this lasts, importing a package fails as if it were not installed."""
    before = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]  # Python's own way to block an import
    try:
        yield
    finally:
        if before is None:
            del sys.modules[package]
        else:
            sys.modules[package] = before
