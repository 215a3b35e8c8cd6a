"""Whether a module is still what it was converted from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import ModelError

if TYPE_CHECKING:
    import torch


class ModuleState:
    """A module's layers, weights, processors and hooks, looked at before each forward.

    A converted model knows nothing of what happens to its module: adapters, new weights and hooks
    within would be without effect, and without a word.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module
        self._modules = list(module.modules())
        self._children = self._children_now()
        self._weights = [*module.parameters(), *module.buffers()]
        self._marks = self._marks_now()
        self._attending = [each for each in self._modules if hasattr(each, "processor")]
        self._processors = self._processors_now()

    def check(self) -> None:
        """Raise ModelError if anything changed."""
        changed = (
            self._children != self._children_now()
            or self._processors != self._processors_now()
            or self._marks != self._marks_now()
            or self._has_hooks()
        )
        if changed:
            name = type(self._module).__name__
            raise ModelError(
                f"backend openvino: {name} was changed (by adapters, new weights or hooks), but "
                "OpenVINO computes it as it was loaded; leave the profile or the backend out"
            )

    def _children_now(self) -> list[list[int]]:
        return [list(map(id, each._modules.values())) for each in self._modules]  # noqa: SLF001  # faster by far than children()

    def _processors_now(self) -> list[int]:
        return [id(each.processor) for each in self._attending]

    def _marks_now(self) -> list[tuple[int, int]]:
        return [
            (weight.data_ptr(), 0 if weight.is_inference() else weight._version)  # noqa: SLF001  # torch's own name
            for weight in self._weights
        ]

    def _has_hooks(self) -> bool:
        """Whether a hook is within; those of the module itself are called as ever."""
        inner = self._modules[1:]
        return any(each._forward_hooks or each._forward_pre_hooks for each in inner)  # noqa: SLF001  # torch's own names
