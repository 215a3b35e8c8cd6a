"""A results folder that answers questions about its sweeps, and vouches for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..views import results

if TYPE_CHECKING:
    from .archive.exporting import Export
    from .archive.importing import Import
    from .certificate.verification import Verification


class Results(results.Results):
    """A results folder: its tables, what they say, and whether they can be trusted.

    path: the folder, or None for the usual one.
    """

    def verify(
        self, name: str | None = None, *, sample: int = 0, seed: int = 0, device: str = "auto"
    ) -> Verification:
        """Check the pictures of an experiment, or all: see `dwlab.workflows.certificate.verification`."""
        from .certificate.verification import verify

        return verify(self.root, name, sample=sample, seed=seed, device=device)

    def export(self, name: str, output: str | Path | None = None) -> Export:
        """Pack an experiment for somebody else: see `dwlab.workflows.archive.exporting`."""
        from .archive.exporting import export

        return export(self.root, name, Path(output) if output else None)

    def import_sweep(self, path: str | Path, *, name: str | None = None) -> Import:
        """Take in an exported sweep: see `dwlab.workflows.archive.importing`."""
        from .archive.importing import import_sweep

        return import_sweep(self.root, Path(path).expanduser(), name=name)
