"""What a file of weights says of itself: the names, types and shapes of its tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..errors import ModelError

NAME_LIMIT = 1024  # characters of a tensor's name
TENSORS_LIMIT = 100_000  # the largest open models have about ten thousand
_PATH_MARKS = ("/", "\\", "..")


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file. dtype: as the file names it, like F16 or Q4_K. size: its bytes."""

    dtype: str
    shape: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class Header:
    """The tensors of a file by name, and the words that were saved with them."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]

    @cached_property
    def size(self) -> int:
        """The bytes of all tensors."""
        return sum(tensor.size for tensor in self.tensors.values())

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; () if there is none of this name."""
        tensor = self.tensors.get(name)
        return tensor.shape if tensor else ()

    def has(self, *starts: str) -> bool:
        """Whether the name of a tensor begins with one of these."""
        return any(name.startswith(starts) for name in self.tensors)


def check_name(path: object, name: str) -> None:
    """Raise ModelError for a tensor's name that could be a path, or cannot be printed."""
    is_path = any(mark in name for mark in _PATH_MARKS)
    if is_path or not name or len(name) > NAME_LIMIT or not name.isprintable():
        shown = ascii(name[:80])
        raise ModelError(
            f"{path} names a tensor {shown}; allowed: printable names without / \\ and .., of at "
            f"most {NAME_LIMIT:,} characters"
        )


def check_count(path: object, count: int) -> None:
    """Raise ModelError for more tensors than any model has."""
    if count > TENSORS_LIMIT:
        raise ModelError(f"{path} names {count:,} tensors; allowed: at most {TENSORS_LIMIT:,}")
