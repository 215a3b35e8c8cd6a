"""Settings of torch that hold for the whole process, of which a method may want others."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TorchSettings:
    """The type of new tensors, the threads of the CPU, and whether results must repeat.

    only_warns: of what does not repeat.
    """

    dtype: torch.dtype
    threads: int
    repeats: bool
    only_warns: bool

    @classmethod
    def now(cls) -> TorchSettings:
        """Those that hold now."""
        return cls(
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )

    def use(self) -> None:
        """Let them hold; nothing is touched that is so already."""
        now = self.now()
        if now == self:
            return
        torch.set_default_dtype(self.dtype)
        torch.use_deterministic_algorithms(self.repeats, warn_only=self.only_warns)
        if now.threads != self.threads:
            torch.set_num_threads(self.threads)
