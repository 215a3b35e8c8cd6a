"""Downloads a hub model: the files that its pipeline needs and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..errors import ModelError
from ..spec import checkpoints
from . import pipeline_kinds, transfers, trust, weight_names
from .repository import listed, no_such_file
from .weight_files import needs_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .repository import Repository
    from .transfers import Listener

INDEX = "model_index.json"
CONFIG = "config.json"
# configs and vocabularies
SMALL = (".json", ".txt", ".model", ".jinja", ".tiktoken")
SMALL_LIMIT = 64 << 20  # bytes per file
_INDEX_OF_WEIGHTS = re.compile(r"\.index\.(\w+\.)?json$|\.index\.json$")


def fetch(repo: str, revision: str | None, variant: str | None, listener: Listener) -> Path:
    """Download what the local cache lacks of a model; returns its folder there.

    variant: of the weights, like fp16; parts that are not there in it are fetched in the plain form.
    Configs come first, so that a wrong kind of model is refused before its weights are downloaded.
    What has arrived is kept whatever happens. Raises ModelError for models that dwlab cannot draw
    with, and whatever the hub, the network or the disk raise.
    """
    repository = listed(repo, revision)
    parts = needed_parts(repository, variant)
    missing = parts.missing()
    transfers.check_space(repository, missing)
    tally = transfers.Tally(repo, {name: repository.files[name].size for name in missing})
    for names in (parts.small, parts.weights):
        wanted = [name for name in names if name in missing]
        transfers.fetch_files(repository, wanted, tally, listener)
        pipeline_kinds.check(repo, parts.folder)
    if variant:
        write_atomic(_note(parts.folder, variant), b"")
    return parts.folder


@dataclass(frozen=True)
class Parts:
    """The files of a repository that its pipeline loads.

    folder: of the commit, in the local cache. small: configs and vocabularies. weights: safetensors.
    """

    folder: Path
    small: list[str]
    weights: list[str]

    def missing(self) -> list[str]:
        """The files that the local cache lacks."""
        names = (*self.small, *self.weights)
        return [name for name in names if not (self.folder / name).exists()]


def needed_parts(repository: Repository, variant: str | None) -> Parts:
    """What a repository's pipeline loads, by its index, which is downloaded.

    Raises as `fetch` does.
    """
    from huggingface_hub import hf_hub_download

    if INDEX not in repository.files:
        raise _not_a_pipeline(repository)
    # this also records which commit the revision is
    index = hf_hub_download(repository.repo, INDEX, revision=repository.revision)
    folder = Path(index).parent
    small, weights = needed(repository.repo, folder, repository.sizes, variant)
    return Parts(folder, small, weights)


def may_be_mixed(folder: Path, variant: str | None) -> bool:
    """Whether parts of a model in the cache that are not there in a variant may be plain.

    They may after a whole download: the repository has no others.
    """
    return variant is not None and _note(folder, variant).exists()


def _note(folder: Path, variant: str) -> Path:
    """A file in a commit's folder that says that all of a variant was downloaded."""
    return folder / f".dwlab-{variant}"


def fetch_one(repo: str, name: str, revision: str | None, listener: Listener) -> Path:
    """Download one file of a repository; returns its path in the local cache.

    Raises ModelError for a file that the repository lacks, and whatever the hub, the network or the
    disk raise.
    """
    from huggingface_hub import hf_hub_download

    repository = listed(repo, revision)
    if name not in repository.files:
        raise no_such_file(repository, name)
    _fetch_all(repository, [name], f"{repo}/{name}", listener)
    # this also records which commit the revision is
    return Path(hf_hub_download(repo, name, revision=revision))


def fetch_part(
    repo: str,
    part: str,
    revision: str | None,
    variant: str | None,
    listener: Listener,
    check: Callable[[Path], object] | None = None,
) -> Path:
    """Download a part with a config of its own, like a ControlNet; returns its folder.

    part: its folder in the repository, or "" for the repository itself. check: called with the
    folder before weights are downloaded into it, to refuse another kind of part. Raises as
    `fetch_one` does.
    """
    from huggingface_hub import hf_hub_download

    repository = listed(repo, revision)
    names = part_files(repository, part, variant)
    # this also records which commit the revision is
    folder = Path(hf_hub_download(repo, names[0], revision=revision)).parent
    if check is not None:
        check(folder)
    _fetch_all(repository, names, f"{repo}/{part}".rstrip("/"), listener)
    return folder


def part_files(repository: Repository, part: str, variant: str | None) -> list[str]:
    """The files of a part with a config of its own that are loaded: the config, then the weights.

    part, variant: as for `fetch_part`. Raises ModelError for a part that is not there or has no
    safetensors, and for a variant that it lacks.
    """
    config = f"{part}/{CONFIG}" if part else CONFIG
    if config not in repository.files:
        raise no_such_file(repository, config)
    names = [name for name in repository.files if name.rpartition("/")[0] == part]
    weights = _weights_of(repository.repo, part or "the part", names, variant)
    if variant and variant not in weight_names.variants_in(weights):
        raise weight_names.no_such_variant(repository.repo, variant, names)
    return [config, *weights]


def is_part(repository: Repository) -> bool:
    """Whether a repository may be a part of models, like a ControlNet, and is no model itself."""
    return INDEX not in repository.files and CONFIG in repository.files


def _fetch_all(
    repository: Repository, names: Collection[str], title: str, listener: Listener
) -> None:
    transfers.check_space(repository, names)
    tally = transfers.Tally(title, {name: repository.files[name].size for name in names})
    transfers.fetch_files(repository, names, tally, listener)


def needed(
    repo: str, folder: Path, sizes: Mapping[str, int], variant: str | None = None
) -> tuple[list[str], list[str]]:
    """The files of a repository that its pipeline loads: (configs and vocabularies, safetensors).

    sizes: bytes by file name. variant: as for `fetch`. Raises ModelError for a part without
    safetensors, or with those of another variant only, and for a variant that no part has.
    """
    small: list[str] = []
    weights: list[str] = []
    for part, _, cls in trust.parts(folder):
        names = [name for name in sizes if name.startswith(f"{part}/")]
        if not names:
            # some repositories keep a part beside the index
            names = [name for name in sizes if "/" not in name]
        small += [name for name in names if _is_small(name, sizes[name])]
        if needs_weights(cls):
            weights += _weights_of(repo, part, names, variant)
    if variant and variant not in weight_names.variants_in(weights):
        raise weight_names.no_such_variant(repo, variant, sizes)
    return list(dict.fromkeys(small)), list(dict.fromkeys(weights))


def _is_small(name: str, size: int) -> bool:
    return name.endswith(SMALL) and size <= SMALL_LIMIT and not _INDEX_OF_WEIGHTS.search(name)


def _weights_of(repo: str, part: str, names: Collection[str], variant: str | None) -> list[str]:
    weights = weight_names.chosen(names, variant)
    if weights:
        return weights
    variants = weight_names.variants_in(names)
    if variants:
        raise ModelError(
            f"model {repo!r} has the weights of {part} only in the variant {', '.join(variants)}: "
            f"write `variant: {variants[0]}` to use it"
        )
    raise ModelError(
        f"model {repo!r} has no safetensors of {part}; dwlab loads nothing else, because pickles "
        "can run code: look for a repository or a revision that has them"
    )


def _not_a_pipeline(repository: Repository) -> ModelError:
    from huggingface_hub import hf_hub_download

    config = {}
    sizes = repository.sizes
    if 0 < sizes.get("config.json", 0) <= SMALL_LIMIT:
        path = hf_hub_download(repository.repo, "config.json", revision=repository.revision)
        config = checkpoints.read(Path(path))
    return checkpoints.of_repository(repository.repo, sizes, config)
