"""A forward under torch.compile."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import torch
import torch._inductor.config
from torch.utils import _pytree as pytree

from . import compile_cache

if TYPE_CHECKING:
    from collections.abc import Callable

# shapes of input that a compiled model may have: numbers of rows, for several sizes of picture
COMPILED_SHAPES = 64
# Headers that torch compiles beforehand, 156 MB in the temporary folder: a compiler that is killed
# while it writes them breaks every later one. They save a tenth of the time, if they are there.
_HEADERS = "cpp_cache_precompile_headers"


def compiled(forward: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """A function that does the same, compiled when it is called.

    mode: of torch.compile. What is compiled is kept for later processes.
    """
    compile_cache.use()
    options = torch._inductor.list_mode_options(mode)  # noqa: SLF001  # documented under this name
    if hasattr(torch._inductor.config, _HEADERS):  # noqa: SLF001  # documented under this name
        options[_HEADERS] = False
    computing = torch.compile(forward, options=options, dynamic=False)
    records_graphs = mode in ("reduce-overhead", "max-autotune")

    @functools.wraps(forward)
    def call(*args: Any, **kwargs: Any) -> Any:
        # torch keeps this limit per thread; beyond it, shapes would run uncompiled without a word
        torch._dynamo.config.cache_size_limit = COMPILED_SHAPES  # noqa: SLF001
        if not records_graphs:
            return computing(*args, **kwargs)
        # a CUDA graph writes each result over the one before, which a scheduler may still need
        torch.compiler.cudagraph_mark_step_begin()
        return pytree.tree_map_only(torch.Tensor, torch.clone, computing(*args, **kwargs))

    return call
