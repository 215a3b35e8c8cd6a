"""What a method is given besides the pipeline: the cell whose picture it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from PIL import Image

    from .resolved_cell import ResolvedCell


class MethodCell:
    """A cell, for the method that makes its picture.

    It has the recipe's values, like `cell.prompt`, `cell.steps` and `cell.guidance`.
    """

    def __init__(self, cell: ResolvedCell, arguments: Callable[[], dict[str, Any]]) -> None:
        self._cell = cell
        self._arguments = arguments

    def __getattr__(self, name: str) -> Any:
        """A value of the recipe."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._cell.params, name)

    def stock(self, **changes: Any) -> dict[str, Any]:
        """The arguments of the stock call that makes this cell's picture, with some of them changed.

        Each time with a new generator, which begins at the cell's seed.
        """
        return self._arguments() | changes

    def generator(self) -> torch.Generator:
        """A new generator on the CPU, which begins at the cell's seed."""
        import torch

        return torch.Generator("cpu").manual_seed(self._cell.params.seed)

    @property
    def picture(self) -> Image.Image | None:
        """The picture that the recipe starts from, in the size of the cell; None without one."""
        if self._cell.params.image is None:
            return None
        size = (self._cell.params.width or 512, self._cell.params.height or 512)
        return self._cell.picture(self._cell.params.image).resize(size)
