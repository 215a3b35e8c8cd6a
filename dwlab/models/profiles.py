"""This machine's fast settings for a model, as `dwlab bench tune` found them: a small file in the user's configuration."""

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
    """What computes a model fastest on a device within the parity tolerance, and what it gained over stock float32.

    batch: pictures a call. gain: images a second over those of stock settings, same steps and size. versions: what it
    was measured with.
    """

    dtype: str
    settings: Settings
    batch: int
    gain: float
    versions: dict[str, str]


def find(profile: str, model: str, weights: str, device_name: str) -> Profile:
    """The profile of a model on a device; raises InvalidInput for a name other than fast, or where nothing was tuned yet."""
    if profile != "fast":
        raise InvalidInput("profile", profile, "fast, or nothing for stock settings")
    stored = _read().get(_key(weights, device_name))
    if stored is None:
        command = f"dwlab bench tune --model {model} --device {device_name}"
        raise InvalidInput(
            "profile",
            profile,
            f"nothing yet for {model!r} on this machine's {device_name}; run: {command}",
        )
    try:
        return _profile(stored)
    except (DwlabError, KeyError, TypeError, ValueError) as error:
        raise _spoiled(error) from error


def _profile(stored: Any) -> Profile:
    """The profile that stored values describe; raises one of many errors if they do not, or if a newer dwlab wrote them."""
    profile = Profile(**{**stored, "settings": Settings.of(stored["settings"])})
    if profile.dtype not in DTYPES:
        raise InvalidInput("dtype", profile.dtype, ", ".join(DTYPES))
    if not is_whole_number(profile.batch) or profile.batch < 1:
        raise InvalidInput("batch", profile.batch, "a whole number of at least 1")
    return profile


def keep(profile: Profile, weights: str, device_name: str) -> Path:
    """Store a profile in place of the one before; returns the file."""
    values = {**asdict(profile), "settings": profile.settings.changed()}
    known = {**_read(), _key(weights, device_name): values}
    write_atomic(_path(), json.dumps(known, indent=1).encode())
    return _path()


def _key(weights: str, device_name: str) -> str:
    """Homes are shared between machines: a profile holds for the hardware it was measured on."""
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
