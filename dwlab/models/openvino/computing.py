"""A module's forward computed by OpenVINO, compiled for each number of rows that comes up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import torch

from ...errors import ModelError
from .arguments import Arguments
from .conversion import model_of, plain
from .library import openvino
from .module_state import ModuleState

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conversion import Source

# How many numbers of rows stay compiled. Each has a copy of the weights: of large modules two stay.
COMPILED = 6
LARGE = 1 << 28  # parameters
# the largest relative L2 distance of an answer from torch's, as for the parity of benchmarks
TOLERANCE = {"float32": 2e-3, "bfloat16": 8e-2}
PRECISION = {"float32": "f32", "bfloat16": "bf16"}


class Forward:
    """Takes the place of a module's `forward`.

    wrap: makes what the module returns of the tensor that it computes, unless a tuple is asked for.
    The first answer for each number of rows is compared with torch's.
    """

    def __init__(self, source: Source, wrap: Callable[[torch.Tensor], Any]) -> None:
        self._source = source
        self._wrap = wrap
        self._state = ModuleState(source.module)
        parameters = sum(weight.numel() for weight in source.module.parameters())
        self._most = COMPILED if parameters < LARGE else 2
        # by the kind of the arguments
        self._models: dict[str, Any] = {}
        self._requests: dict[tuple[str, int], Any] = {}
        # several renderings may share a model
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the module answers; raises ModelError if it changed or cannot be converted."""
        self._state.check()
        arguments = Arguments.of(self._source.module, args, kwargs)
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in arguments.tensors):
            raise ModelError(
                "backend openvino: it computes no gradients; leave the profile or the backend out"
            )
        with self._lock:
            answer = self._answer(arguments)
        answer = answer.to(getattr(torch, self._source.dtype))
        return (answer,) if arguments.as_tuple else self._wrap(answer)

    def _answer(self, arguments: Arguments) -> torch.Tensor:
        place = (arguments.kind, arguments.rows)
        request = self._requests.pop(place, None)
        if request is None:
            request = self._compiled(arguments)
            answer = _infer(request, arguments)
            self._check(answer, arguments)
        else:
            answer = _infer(request, arguments)
        # the most recently used one stands last
        self._requests[place] = request
        if len(self._requests) > self._most:
            del self._requests[next(iter(self._requests))]
        return answer

    def _compiled(self, arguments: Arguments) -> Any:
        """What computes so many rows. Shapes that are known cost a third less than open ones."""
        library = openvino()
        if arguments.kind not in self._models:
            self._models[arguments.kind] = model_of(self._source, arguments)
        model = self._models[arguments.kind].clone()
        shapes = map(library.PartialShape, arguments.shapes(arguments.rows))
        model.reshape(dict(enumerate(shapes)))
        options = {
            # left to itself, OpenVINO rounds to bfloat16 on CPUs that have instructions for it
            "INFERENCE_PRECISION_HINT": PRECISION[self._source.dtype],
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            # several processes would all take the first cores
            "ENABLE_CPU_PINNING": False,
        }
        return library.Core().compile_model(model, "CPU", options).create_infer_request()

    def _check(self, answer: torch.Tensor, arguments: Arguments) -> None:
        """Raise ModelError unless an answer is torch's, but for rounding."""
        with torch.no_grad():
            stock = arguments.call(self._source.module, arguments.tensors).float()
        distance = float(torch.linalg.vector_norm(answer - stock) / torch.linalg.vector_norm(stock))
        if not distance <= TOLERANCE[self._source.dtype]:
            name = type(self._source.module).__name__
            raise ModelError(
                f"backend openvino: {name} answers otherwise than with torch (relative distance "
                f"{distance:.2g}); leave the profile or the backend out"
            )


def _infer(request: Any, arguments: Arguments) -> torch.Tensor:
    arrays = [plain(tensor).numpy() for tensor in arguments.tensors]
    outputs = request.infer(arrays, share_inputs=True, share_outputs=True)
    # a copy, because the request writes its next answer to the same memory
    return torch.tensor(outputs[0])
