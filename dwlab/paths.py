"""Where results live, and which names may become folders there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ._util.checks import is_number
from .errors import InvalidInput, StoreError

# folders of the results that are no sweep's; `explore` is the experiment of the prompt bench, `api` that of `dwlab serve`
RESERVED = frozenset(
    {"images", "reference", "benchmarks", "quarantine", "explore", "api", "readme.md"}
)
NETWORK = "@api"  # ends the names of sweeps from the network, and no name that a person chooses
# the store's own files, and what Windows takes for a device, whatever the case and what follows
_TAKEN = re.compile(r"dwlab\.sqlite.*|(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def results_folder(explicit: str | Path | None = None) -> Path:
    """The results folder: `explicit`, else DWLAB_RESULTS, else `results` of the nearest project, else ./results.

    A project is the nearest folder, from here up, that has `experiments/` in it: a notebook's kernel starts in its own
    folder and must not open a second store there. So a relative DWLAB_RESULTS is taken from the project; a relative
    `explicit`, which a person typed here, from here. Raises InvalidInput for a path that cannot be one.
    """
    if explicit:
        return _absolute(explicit, Path.cwd())
    return _absolute(os.environ.get("DWLAB_RESULTS") or "results", project_folder())


def project_results(named: str | Path | None) -> Path:
    """The results folder that a notebook or a settings file names, a relative one taken from the project; or the usual one."""
    return _absolute(named, project_folder()) if named else results_folder()


def _absolute(folder: str | Path, start: Path) -> Path:
    if "\0" in str(folder):
        raise InvalidInput("results", str(folder), "a path without NUL characters")
    try:
        return (start / Path(folder).expanduser()).resolve()
    except RuntimeError as error:  # ~name of an unknown user, or links that go round
        raise InvalidInput("results", str(folder), f"the path of a folder ({error})") from None


def project_folder() -> Path:
    """The nearest folder, from here up, that has `experiments/` in it, else this one."""
    here = Path.cwd()
    return next((p for p in (here, *here.parents) if (p / "experiments").is_dir()), here)


def network_name(name: str) -> str:
    """What a sweep of this name is called when it came from the network: it replaces no person's, whatever the case."""
    return f"{name.lower()}{NETWORK}"


def check_any_name(name: object) -> str:
    """As `check_name`, for a name of a person's experiment or of one from the network."""
    if isinstance(name, str) and name.endswith(NETWORK):
        return check_name(name.removesuffix(NETWORK)) + NETWORK
    return check_name(name)


def check_name(name: object, field: str = "name") -> str:
    """`name` as a person's name of an experiment, which is also its folder's; raises InvalidInput."""
    if is_number(name):
        raise InvalidInput(field, name, f'text: put it in quotes, "{name}"')
    good = isinstance(name, str) and re.fullmatch(
        r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?", name
    )
    if not isinstance(name, str) or not good or name.lower() in RESERVED or _TAKEN.fullmatch(name):
        raise InvalidInput(
            field,
            name,
            "1 to 64 letters, digits, '-', '_' or '.', a letter or digit first, no '.' last, and none of "
            f"{', '.join(sorted(RESERVED))}, dwlab.sqlite or a device's name",
        )
    return name


def experiment_folder(root: Path, name: str) -> Path:
    """Where the files of an experiment go, below the results folder; raises StoreError for a link, which may lead out."""
    folder = root / check_any_name(name)
    if os.path.islink(folder):  # noqa: PTH114  # is False where there can be no such path, Path.is_symlink raises
        raise StoreError(
            f"{folder} is a link, and files written there could land anywhere; remove it, or choose another name"
        )
    return folder
