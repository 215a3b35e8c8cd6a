"""One thing that a benchmark measures."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ..models.settings import Settings
from ..spec.params import GenerationParams
from ..spec.public_names import name_without_path

if TYPE_CHECKING:
    from .files import Document


@dataclass(frozen=True)
class Configuration:
    """`batch` pictures per call, on a device, computed with these settings."""

    params: GenerationParams
    device: str
    batch: int
    settings: Settings

    def as_dict(self) -> Document:
        """Plain values, from which `of` makes it again."""
        return {
            "params": self.params.as_dict(),
            "device": self.device,
            "batch": self.batch,
            "settings": asdict(self.settings),
        }

    @classmethod
    def of(cls, values: Document) -> Configuration:
        """The configuration that `as_dict` described."""
        return cls(
            params=GenerationParams(**values["params"]),
            device=values["device"],
            batch=values["batch"],
            settings=Settings.of(values["settings"]),
        )

    @property
    def id(self) -> str:
        """A short name that differs if anything in it differs."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def model_name(self) -> str:
        """The model's name in files and tables: of a folder, only its last part."""
        return name_without_path(self.params.model)

    def with_dtype(self, dtype: str) -> Configuration:
        """The same in another dtype."""
        return replace(self, params=self.params.replace(dtype=dtype))

    def with_batch(self, batch: int) -> Configuration:
        """The same with another number of pictures per call."""
        return replace(self, batch=batch)

    def with_settings(self, **changes: object) -> Configuration:
        """The same with some settings changed."""
        return replace(self, settings=Settings.of({**asdict(self.settings), **changes}))
