"""What a measurement ran on; no name of the machine, of its user or of a folder is in it unless asked for."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models import device
from ..runs.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterable

# all but a path's last part; not what follows a letter (2/3) or stands in an address, but a home wherever it stands
_PATH = re.compile(
    r"(?:(?<![\w:/\\])(?:[A-Za-z]:)?|(?=[\\/](?:home|Users|root)[\\/]))(?:[\\/][^\\/\s'\":,;()]+)*[\\/](?=[^\\/\s'\":,;()])"
)


def facts(devices: Iterable[str], *, host: bool = False) -> dict[str, Any]:
    """CPU, memory, system, versions, devices, power and load, as plain values; `host` adds the machine's name."""
    import psutil
    import torch

    found = {
        "cpu": device.describe("cpu")["name"],
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "logical_cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "release": platform.mac_ver()[0]
        or re.split("[^0-9.]", platform.release())[0],  # not who built it
        "versions": versions(),
        "git": _git(),
        "devices": {name: device.describe(name) for name in devices},
        "power": _power(),
        "load": _load(),
    }
    return {**found, "host": platform.node()} if host else found


def without_paths(text: str) -> str:
    """A message of at most 500 characters, in which of each path only the last part stands."""
    return _PATH.sub("", text)[:500]


def _power() -> str | None:
    """Where the electricity comes from, where the system tells: a laptop on its battery is slower."""
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return None if battery is None else "mains" if battery.power_plugged else "battery"


def _load() -> float | None:
    """Processes that wanted to run in the minute before, as the system counts them: what else is going on."""
    with contextlib.suppress(OSError, AttributeError):  # Windows tells nothing at first
        return round(os.getloadavg()[0], 2)
    return None


def _git() -> dict[str, Any] | None:
    """The commit of dwlab's own checkout, and whether something was changed since; None for an installed package."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        commit, changes = (
            subprocess.run(  # noqa: S603  # fixed words
                ["git", *command],  # noqa: S607  # it lies elsewhere on each system
                cwd=root,
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            ).stdout
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
        return {"commit": commit.strip(), "dirty": bool(changes.strip())}
    return None
