"""This machine's fast settings for models, found by `dwlab bench tune` and kept in a small file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._util.atomic import write_atomic
from .._util.checks import is_whole_number
from .._util.jsonfile import SIZE_LIMIT
from .._util.regular_file import open_regular
from ..errors import DwlabError, InvalidInput, StoreError
from ..spec.param_checks import DTYPES
from . import device
from .settings import Settings


@dataclass(frozen=True)
class Profile:
    """The fastest settings for a model on a device whose pictures stay within the parity tolerance.

    batch: pictures per call; None for as many as the device gains from. gain: images per second, divided by those of stock float32 with the
    same steps and size. versions: of the libraries that it was measured with.
    """

    dtype: str
    settings: Settings
    batch: int | None
    gain: float
    versions: dict[str, str]


# those that need no tuning: stock settings with another backend
BUILT_IN = {
    name: Profile("auto", Settings(backend=name), batch=None, gain=1.0, versions={})
    for name in ("compile", "openvino")
}


def find(profile: str, model: str, weights: str, device_name: str) -> Profile:
    """The profile of a model on a device.

    profile: fast, or a name of BUILT_IN. Raises InvalidInput for another one, or if nothing was tuned
    yet.
    """
    if profile in BUILT_IN:
        return BUILT_IN[profile]
    if profile != "fast":
        allowed = f"fast, {', '.join(BUILT_IN)}, or nothing for stock settings"
        raise InvalidInput("profile", profile, allowed)
    stored = _read().get(_key(weights, device_name))
    if stored is None:
        command = f"dwlab bench tune --model {model} --device {device_name}"
        allowed = f"nothing yet for {model!r} on this machine's {device_name}; run: {command}"
        raise InvalidInput("profile", profile, allowed)
    try:
        return _profile(stored)
    except (DwlabError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _spoiled(error) from error


def _profile(stored: Any) -> Profile:
    """The profile that stored values describe.

    Raises one of many errors if they are damaged or if a newer dwlab wrote them.
    """
    profile = Profile(**{**stored, "settings": Settings.of(stored["settings"])})
    if profile.dtype not in DTYPES:
        raise InvalidInput("dtype", profile.dtype, ", ".join(DTYPES))
    if not is_whole_number(profile.batch) or profile.batch < 1:
        raise InvalidInput("batch", profile.batch, "a whole number of at least 1")
    return profile


def keep(profile: Profile, weights: str, device_name: str) -> Path:
    """Store a profile instead of the one before; returns the file."""
    profiles = _read()
    profiles[_key(weights, device_name)] = {
        **asdict(profile),
        "settings": profile.settings.changed(),
    }
    write_atomic(_path(), json.dumps(profiles, indent=1).encode())
    return _path()


def _key(weights: str, device_name: str) -> str:
    """A profile is valid for the hardware that it was measured on; homes are shared by machines."""
    return f"{weights} on {device.describe(device_name)['name']}"


def _path() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("dwlab")) / "profiles.json"


def _read() -> dict[str, Any]:
    try:
        with open_regular(_path()) as file:
            profiles = json.loads(file.read(SIZE_LIMIT))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _spoiled(error) from error
    if not isinstance(profiles, dict):
        raise _spoiled(f"it holds {type(profiles).__name__}, not an object")
    return profiles


def _spoiled(reason: object) -> StoreError:
    return StoreError(
        f"{_path()} cannot be used ({reason}); it is damaged, or a newer dwlab wrote it: "
        "delete it, then run dwlab bench tune again"
    )
