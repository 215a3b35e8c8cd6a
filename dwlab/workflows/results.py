"""A results folder that answers questions about its sweeps, and vouches for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..views import results
from .certificate.verification import verify

if TYPE_CHECKING:
    from .certificate.verification import Verification


class Results(results.Results):
    """A results folder: its tables, what they say, and whether they can be trusted.

    path: the folder, or None for the usual one.
    """

    def verify(
        self, name: str | None = None, *, sample: int = 0, seed: int = 0, device: str = "auto"
    ) -> Verification:
        """Check the pictures of an experiment, or all: see `dwlab.workflows.certificate.verification`."""
        return verify(self.root, name, sample=sample, seed=seed, device=device)
