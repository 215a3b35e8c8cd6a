"""What a metric is built with: its options, a device, and the network that it looks through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import clip_folder

if TYPE_CHECKING:
    from ..spec.metric_requests import MetricRequest
    from .clip_folder import ClipFolder
    from .clip_model import ClipModel


@dataclass(frozen=True)
class Setup:
    """What a metric is built with. clip: the network, None for a metric without one."""

    request: MetricRequest
    device: str
    clip: ClipFolder | None = None

    def network(self) -> ClipModel:
        """The network in memory; raises ModelError if it does not load, or changed meanwhile."""
        from .clip_model import ClipModel

        clip = self.clip or clip_folder.shipped()
        clip_folder.check_unchanged(clip)
        return ClipModel(clip, self.device)
