"""A model's calls as things that can wait: taken apart, merged by rows, and split again."""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch.utils import _pytree as pytree

from .memo import digest, is_readable
from .reading import to_device

if TYPE_CHECKING:
    from collections.abc import Sequence

# the name of a model's method, or a function that takes the model first
Method = str | Callable[..., Any]

# Positions that are the same for all rows of a call: [tokens, axes], or [rows, tokens, axes] where
# models read the first row only.
UNBATCHED = frozenset({"txt_ids", "img_ids", "image_rotary_emb"})
# Lists with an entry per row, in Z-Image and Qwen-Image.
ROW_LISTS = frozenset({"x", "cap_feats", "img_shapes"})
# What guidance is to models that are told of it: cells that differ in it begin with other calls.
OF_GUIDANCE = frozenset({"guidance", "timestep_cond"})
# Arguments that say how much of each row the model uses.
RAGGED = frozenset({("Lumina2Transformer2DModel", "encoder_attention_mask")})


class Rows(list[Any]):
    """A list with an entry per row; pytree treats it as a leaf, like a tensor."""


class _Itself:
    """A value that is equal to itself only. It is kept, so that no other takes its place in memory."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)


@dataclass(frozen=True)
class _Argument:
    """A leaf of a call's arguments. name: of the argument that it belongs to."""

    name: str
    value: Any
    batched: bool

    @classmethod
    def of(cls, name: str, value: Any, rows: int) -> _Argument:
        value = _as_rows(name, value, rows)
        return cls(name, value, _is_batched(name, value, rows))

    def key(self) -> Hashable:
        """What must agree for calls to be merged by this argument's rows."""
        if isinstance(self.value, Rows):
            return frozenset(_row_key(row) for row in self.value)
        if not isinstance(self.value, torch.Tensor):
            known = self.value if isinstance(self.value, Hashable) else _Itself(self.value)
            return type(self.value), known
        shape = self.value.shape[1:] if self.batched else self.value.shape
        by_value = not self.batched or self.name in UNBATCHED
        values = digest(self.value) if by_value else None
        return shape, self.value.dtype, self.value.device, values

    def lengths(self, module: torch.nn.Module) -> Hashable:
        """Sizes of rows that the model pads to the longest row's."""
        if isinstance(self.value, Rows):
            return frozenset(len(row) for row in self.value)
        if (type(module).__name__, self.name) in RAGGED:
            return digest(self.value)
        return None


@dataclass(frozen=True, eq=False)
class Call:
    """A call of a model's method with a pipeline's arguments; calls of equal `key` can be merged.

    method: its name, or a function of dwlab's own that takes the model first and does its work.
    rows: the first dimension of the first argument. leaves: tensors [rows, ...], lists of rows, and
    anything else. batched: the numbers of the leaves that are merged by rows; the others are equal
    if the keys are. lengths: sizes that the model pads to the longest row's; if they are equal too,
    a row's result does not depend on the other rows at all. same: calls of equal `key` and `same`
    have the same result.
    """

    module: torch.nn.Module
    method: Method
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    rows: int
    leaves: list[Any] = field(repr=False)
    batched: frozenset[int]
    structure: Any = field(repr=False)
    key: tuple[Any, ...] = field(repr=False)
    lengths: tuple[Any, ...] = field(repr=False)
    same: Hashable = field(repr=False)

    @classmethod
    def of(
        cls,
        module: Any,
        method: Method,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        compare: bool = False,
        alike: Hashable = None,
    ) -> Call:
        """Take a call apart.

        compare: whether to read its values, so that equal calls are recognized. alike: what stands
        for values on a GPU, which cannot be read without waiting for it; without it such calls count
        as different. A 0-d tensor, such as the timestep in SD, becomes a float32 vector with an entry
        per row, which does not change the result.
        """
        by_name = _by_name(module, method, args, kwargs)
        paths: Any
        paths, structure = pytree.tree_flatten_with_path(by_name)
        rows = len(paths[0][1])
        arguments = [_Argument.of(path[0].key, value, rows) for path, value in paths]
        numbered = enumerate(arguments)
        batched = [number for number, argument in numbered if argument.batched]
        same: Hashable = object()
        if compare:
            same = rows, *(_values(arguments[number], alike) for number in batched)
        return cls(
            module=module,
            method=method,
            function=_function(module, method),
            args=args,
            kwargs=kwargs,
            rows=rows,
            leaves=[argument.value for argument in arguments],
            batched=frozenset(batched),
            structure=structure,
            key=(id(module), method, structure, *(argument.key() for argument in arguments)),
            lengths=tuple(argument.lengths(module) for argument in arguments),
            same=same,
        )

    @property
    def of_pictures(self) -> bool:
        """Whether the call turns pictures into numbers or back, instead of removing noise."""
        return isinstance(self.method, str) and self.method != "__call__"

    @property
    def compiled(self) -> bool:
        """Whether the model was compiled in place, so that it should see few different shapes."""
        is_patched = "forward" in vars(self.module)
        return is_patched or getattr(self.module, "_compiled_call_impl", None) is not None

    @property
    def device(self) -> torch.device:
        """Where it is computed: where its first argument is."""
        first = self.leaves[0]
        device: torch.device = (first[0] if isinstance(first, Rows) else first).device
        return device

    def alone(self) -> Any:
        """The result, computed as the pipeline asked for it."""
        move = functools.partial(_moved, device=self.device)
        args, kwargs = pytree.tree_map_only(torch.Tensor, move, (self.args, self.kwargs))
        return self.function(*args, **kwargs)


def merged(calls: Sequence[Call], rows: int) -> list[Any]:
    """The results of calls of equal keys, computed as one call.

    rows: that it has at least; the last row is repeated as often as needed.
    """
    first = calls[0]
    sizes = [call.rows for call in calls]
    padding = max(0, rows - sum(sizes))
    leaves = list(first.leaves)
    for number in first.batched:
        leaves[number] = _joined([call.leaves[number] for call in calls], padding)
    leaves = [
        _moved(leaf, first.device) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves
    ]
    output = first.function(**pytree.tree_unflatten(leaves, first.structure))
    # a list in the output has an entry per row if the first input has, otherwise one per layer
    of_rows = isinstance(first.leaves[0], Rows)
    outputs, structure = pytree.tree_flatten(output, is_leaf=_is_list if of_rows else None)
    if padding:
        sizes.append(padding)
    parts = [_split(output_rows, sizes) for output_rows in outputs]
    by_call = itertools.islice(zip(*parts, strict=True), len(calls))
    return [pytree.tree_unflatten(list(leaves), structure) for leaves in by_call]


def _function(module: Any, method: Method) -> Callable[..., Any]:
    if not isinstance(method, str):
        return functools.partial(method, module)
    function: Callable[..., Any] = module if method == "__call__" else getattr(module, method)
    return function


def _by_name(
    module: Any, method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a call by name, with lists of rows marked as such."""
    of_method = signature(module.__class__, method)
    arguments = dict(of_method.bind(module, *args, **kwargs).arguments)
    # the module itself
    del arguments[next(iter(arguments))]
    for name, parameter in of_method.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= arguments.pop(name, {})
    for name in ROW_LISTS.intersection(arguments):
        if isinstance(arguments[name], list):
            arguments[name] = Rows(arguments[name])
    return arguments


@functools.lru_cache
def signature(cls: Any, method: Method) -> inspect.Signature:
    """The signature of a module's method, or of a function that takes the module first."""
    if not isinstance(method, str):
        return inspect.signature(method)
    return inspect.signature(getattr(cls, "forward" if method == "__call__" else method))


def _as_rows(name: str, leaf: Any, rows: int) -> Any:
    """A scalar tensor, or a timestep that is a whole number, as a float32 vector of `rows`."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    is_whole_timestep = name == "timestep" and not leaf.is_floating_point()
    if leaf.ndim == 0 or is_whole_timestep:
        return leaf.to(torch.float32).expand(rows)
    return leaf


def _is_batched(name: str, leaf: Any, rows: int) -> bool:
    if isinstance(leaf, Rows):
        return True
    if not isinstance(leaf, torch.Tensor) or len(leaf) != rows:
        return False
    is_shared = name in UNBATCHED and leaf.ndim == 2
    return not is_shared


def _is_list(node: object) -> bool:
    return isinstance(node, list)


def _row_key(row: Any) -> Hashable:
    if isinstance(row, torch.Tensor):
        return row.shape[1:], row.dtype, row.device
    return repr(row)


def _values(argument: _Argument, alike: Hashable) -> Hashable:
    """What is equal for equal values of an argument."""
    if isinstance(argument.value, Rows):
        rows = [_Argument(argument.name, row, batched=False) for row in argument.value]
        return tuple(_values(row, alike) for row in rows)
    if not isinstance(argument.value, torch.Tensor):
        return repr(argument.value)
    if is_readable(argument.value):
        return digest(argument.value)
    is_known = alike is not None and argument.name not in OF_GUIDANCE
    return alike if is_known else object()


def _moved(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Values on the device of a call; timesteps stay on the CPU until then."""
    if device.type == "cpu" or values.device.type != "cpu":
        return values
    return to_device(values, device)


def _joined(parts: list[Any], padding: int) -> Any:
    """The rows of all calls, with the last one repeated `padding` times."""
    if isinstance(parts[0], Rows):
        rows = list(itertools.chain.from_iterable(parts))
        return rows + rows[-1:] * padding
    if not padding:
        return torch.cat(parts)
    last_row = parts[-1][-1:]
    return torch.cat([*parts, last_row.expand(padding, *last_row.shape[1:])])


def _split(rows: Any, sizes: list[int]) -> Sequence[Any]:
    """Rows, in a tensor, a list or a distribution of latents, as those of each call.

    None, where a ControlNet has nothing to add, stays None.
    """
    if rows is None:
        return [None] * len(sizes)
    if isinstance(rows, torch.Tensor):
        return rows.split(sizes)
    if isinstance(rows, DiagonalGaussianDistribution):
        parts = rows.parameters.split(sizes)
        return [DiagonalGaussianDistribution(part, rows.deterministic) for part in parts]
    remaining = iter(rows)
    return [list(itertools.islice(remaining, size)) for size in sizes]
