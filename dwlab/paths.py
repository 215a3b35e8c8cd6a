"""Where the results folder is (`results_folder`), and which names experiments may have in it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ._util.checks import is_number
from .errors import InvalidInput, StoreError

# Folders of the results that are not a sweep's. `explore` is the experiment of the prompt bench,
# `api` the one of `dwlab serve`.
RESERVED = frozenset(
    {
        "images",
        "inputs",
        "reference",
        "benchmarks",
        "quarantine",
        "explore",
        "api",
        "readme.md",
        "votes.jsonl",
    }
)
# ends the names of sweeps from the network, and no name that a person may choose
NETWORK = "@api"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?")
# the store's own files, and what Windows takes for a device whatever follows the dot
_TAKEN = re.compile(r"dwlab\.sqlite.*|(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


# ---- the results folder


def results_folder(explicit: str | Path | None = None) -> Path:
    """The results folder: `explicit`, or DWLAB_RESULTS, or `results` in the project, or ./results.

    The project is the nearest folder, from here up, that has `experiments/` in it: the kernel of a
    notebook starts in the notebook's folder, and must not open a second store there. A relative
    DWLAB_RESULTS is therefore taken from the project, but a relative `explicit`, which a person
    typed here, from here. Raises InvalidInput for a path that cannot be one.
    """
    if explicit:
        return _absolute(explicit, start=Path.cwd())
    return _absolute(os.environ.get("DWLAB_RESULTS") or "results", start=project_folder())


def project_results(named: str | Path | None) -> Path:
    """The results folder that a notebook or a settings file names; None or "" is the usual one.

    A relative path is taken from the project.
    """
    return _absolute(named, start=project_folder()) if named else results_folder()


def project_folder() -> Path:
    """The nearest folder, from here up, that has `experiments/` in it, or this folder."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "experiments").is_dir():
            return folder
    return here


def preview_decoders() -> Path | None:
    """The folder of tiny autoencoders for previews, DWLAB_PREVIEWS; None if it is not set."""
    folder = os.environ.get("DWLAB_PREVIEWS")
    return _absolute(folder, start=project_folder()) if folder else None


def experiment_folder(root: Path, name: str) -> Path:
    """The folder of an experiment below the results folder.

    Raises StoreError for a link, which may lead out of the results folder.
    """
    folder = root / check_any_name(name)
    # Path.is_symlink raises for a path that cannot exist, this returns False
    if os.path.islink(folder):  # noqa: PTH114
        raise StoreError(
            f"{folder} is a link, and files written there could land anywhere; "
            "remove it, or choose another name"
        )
    return folder


def _absolute(folder: str | Path, start: Path) -> Path:
    if "\0" in str(folder):
        raise InvalidInput("results", str(folder), "a path without NUL characters")
    try:
        return (start / Path(folder).expanduser()).resolve()
    except RuntimeError as error:  # ~name of an unknown user, or links in a circle
        raise InvalidInput("results", str(folder), f"the path of a folder ({error})") from None


# ---- names of experiments


def check_name(name: object, field: str = "name") -> str:
    """`name`, as a person may name an experiment and its folder; raises InvalidInput."""
    if is_number(name):
        raise InvalidInput(field, name, f'text: put it in quotes, "{name}"')
    if isinstance(name, str) and _NAME.fullmatch(name) and not _is_taken(name):
        return name
    raise InvalidInput(
        field,
        name,
        "1 to 64 letters, digits, '-', '_' or '.', a letter or digit first, no '.' last, and none "
        f"of {', '.join(sorted(RESERVED))}, dwlab.sqlite or the name of a device",
    )


def _is_taken(name: str) -> bool:
    return name.lower() in RESERVED or _TAKEN.fullmatch(name) is not None


def check_any_name(name: object) -> str:
    """`name`, of a person's experiment or of one from the network; raises InvalidInput."""
    if isinstance(name, str) and name.endswith(NETWORK):
        return check_name(name.removesuffix(NETWORK)) + NETWORK
    return check_name(name)


def network_name(name: str) -> str:
    """The name of a sweep from the network, which can never replace a person's sweep."""
    return f"{name.lower()}{NETWORK}"
