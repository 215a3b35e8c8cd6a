"""What a measurement ran on.

The description names neither a user nor a folder, and the machine only if asked to.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ..models import device
from ..models.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .files import Document

# All of a path but its last part. Not what follows a letter (2/3) or stands in an address, but a
# home wherever it stands.
_FOLDERS = re.compile(
    r"(?:(?<![\w:/\\])(?:[A-Za-z]:)?|(?=[\\/](?:home|Users|root)[\\/]))"
    r"(?:[\\/][^\\/\s'\":,;()]+)*[\\/](?=[^\\/\s'\":,;()])"
)
MESSAGE_LIMIT = 500  # characters


def facts(devices: Iterable[str], *, host: bool = False) -> Document:
    """CPU, memory, system, versions, devices, power and load, as plain values.

    host: also the machine's name.
    """
    import psutil
    import torch

    described: Document = {
        "cpu": device.describe("cpu")["name"],
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "logical_cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "release": _release(),
        "versions": versions(),
        "git": _git(),
        "devices": {name: device.describe(name) for name in devices},
        "power": _power(),
        "load": _load(),
    }
    if host:
        described["host"] = platform.node()
    return described


def without_paths(text: str) -> str:
    """A message of at most 500 characters, with only the last part of each path."""
    return _FOLDERS.sub("", text)[:MESSAGE_LIMIT]


def _release() -> str:
    """The system's version, without the name of who built it."""
    return platform.mac_ver()[0] or re.split("[^0-9.]", platform.release())[0]


def _power() -> str | None:
    """mains, battery, or None if the system does not say; a laptop on its battery is slower."""
    import psutil

    if not hasattr(psutil, "sensors_battery"):
        return None
    battery = psutil.sensors_battery()
    if battery is None:
        return None
    return "mains" if battery.power_plugged else "battery"


def _load() -> float | None:
    """How many processes wanted to run in the last minute; None if the system does not say."""
    with contextlib.suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None


def _git() -> Document | None:
    """The commit of dwlab's own checkout, and whether anything was changed since.

    None for an installed package.
    """
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        commit = _git_output(root, "rev-parse", "HEAD")
        changes = _git_output(root, "status", "--porcelain")
        return {"commit": commit, "dirty": bool(changes)}
    return None


def _git_output(root: Path, *arguments: str) -> str:
    ended = subprocess.run(  # noqa: S603  # fixed words
        ["git", *arguments],  # noqa: S607  # its folder differs between systems
        cwd=root,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return ended.stdout.strip()
