"""What is known of a model before it loads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .side_limits import SMALLEST
from .size_rule import ANY_SIZE, SizeRule

if TYPE_CHECKING:
    from .family import Omission

TEXT_TO_IMAGE = "text-to-image"


@dataclass(frozen=True)
class HubFacts:
    """What is known of a model on the hub; None where it was not checked.

    task: what it is for, like text-to-image. pipeline: its class in diffusers.
    licence: as the hub names it. access: open, or gated (an account must accept its terms).
    bytes: of a download in the plain form of its weights.
    mirror_of: the repository that it was copied from, and that has left the hub.
    """

    task: str
    pipeline: str
    licence: str | None = None
    access: str | None = None
    bytes: int | None = None
    mirror_of: str | None = None


@dataclass(frozen=True)
class Entry:
    """A model, and what is known of it before it loads; None where only loading tells.

    source: a folder, a file, or a hub id `owner/name`. revision: a branch, tag or commit of the
        hub; None for the main branch.
    width, height: pixels that it was trained for. side_min, side_max: pixels that it can draw.
    side_multiple: pixels that a side must be a multiple of.
    steps, guidance, scheduler: its defaults.
    ignores: parameters without effect on it. A negative_prompt has one all the same if
        `call.true_cfg_scale` is above 1.
    row_seconds: how long a denoiser row took on two CPU cores, to estimate a plan's time before
        anything was measured on this machine.
    random: whether its weights are made up, which is good for benchmarks only.
    pipeline: the class that a folder is loaded with.
    needs: the only task that it can do (see `dwlab.spec.tasks`), or None if a text is enough.
    excludes: the task that its class can do and its weights cannot, or None.
    omission: what leaving the negative prompt out means, if not the same as an empty text.
    size_rule: what its pipeline makes of a size.
    file: whether the source is a single file. configs: the folder with the configs of such a file;
        None if they are not known.
    hub: what is known of it on the hub, for the models of the catalog.
    """

    name: str
    source: str
    revision: str | None = None
    family: str = "unknown"
    width: int | None = None
    height: int | None = None
    scheduler: str | None = None
    steps: int | None = None
    guidance: float | None = None
    side_min: int = SMALLEST
    side_max: int = 4096
    side_multiple: int = SMALLEST
    ignores: frozenset[str] = frozenset()
    row_seconds: float | None = None
    random: bool = False
    pipeline: str | None = None
    needs: str | None = None
    excludes: str | None = None
    omission: Omission | None = None
    size_rule: SizeRule = ANY_SIZE
    file: bool = False
    configs: str | None = None
    hub: HubFacts | None = None

    @property
    def draws(self) -> bool:
        """Whether it draws from a text, and its pictures mean something."""
        return not self.random and (self.hub is None or self.hub.task == TEXT_TO_IMAGE)

    @property
    def local(self) -> bool:
        """Whether the weights are in a folder or file of this machine's user."""
        return self.file or Path(self.source).is_dir()
