"""A copy of a pipeline whose models wait for company instead of computing at once."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from greenlet import getcurrent
from torch.utils import _pytree as pytree

from ..._util.subclass import add_members
from ...models.parts import modules_of
from ...models.settings import denoiser_of
from .calls import Call
from .cell import telling
from .memo import Answers, Memo

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .calls import Method

# decoders that accept a generator and do not use it
DRAWS_NOTHING = frozenset({"AutoencoderKL", "AutoencoderTiny"})


def prepare(pipeline: Any) -> Any:
    """A copy of a pipeline with stand-ins for its denoiser, autoencoder, ControlNets and encoders.

    It must be called within `Pack.run`.
    """
    packed = copy.copy(pipeline)
    # In each call stock searches all modules for one with a device of its own. `refusal` has made
    # sure that there is none, so the answer is always the same.
    device = pipeline._execution_device  # noqa: SLF001  # what stock reads
    add_members(packed, _execution_device=device)
    denoiser = denoiser_of(pipeline)
    first_answers = Answers()
    for name, part in modules_of(pipeline).items():
        if part is denoiser:
            vars(packed)[name] = _denoiser(part, first_answers)
        # stock moves some decoders to float32 and back: those are left alone
        elif name == "vae" and not _changes_dtype(part):
            vars(packed)[name] = _autoencoder(part)
        elif name == "controlnet":
            vars(packed)[name] = _controlnet(part, first_answers)
        elif name == "image_encoder":
            vars(packed)[name] = stand_in(part, "__call__", Memo(waiting(part, "forward")).ask)
        elif name.startswith("text_encoder"):
            vars(packed)[name] = stand_in(part, "__call__", Memo(part).ask)
    return packed


def _denoiser(part: torch.nn.Module, first: Answers) -> torch.nn.Module:
    """A stand-in whose calls wait, and so do those of functions that do its work (`waiting_for`)."""

    def waiting_for(function: Method) -> Callable[..., Any]:
        return telling(waiting(part, function, first=first))

    twin = stand_in(part, "__call__", waiting_for("__call__"))
    add_members(twin, waiting_for=lambda _self, function: waiting_for(function))
    return twin


def _autoencoder(vae: Any) -> torch.nn.Module:
    """A stand-in whose pictures are encoded and decoded together, each start picture once."""
    unused = {"generator"} if type(vae).__name__ in DRAWS_NOTHING else set()
    decoding = stand_in(vae, "decode", waiting(vae, "decode", unused))
    return stand_in(decoding, "encode", Memo(waiting(vae, "encode")).ask)


def _controlnet(net: Any, first: Answers) -> torch.nn.Module:
    """A stand-in whose calls may be merged whatever their scales; of several, each has its own."""
    if isinstance(getattr(net, "nets", None), torch.nn.ModuleList):
        twin = copy.copy(net)
        nets = torch.nn.ModuleList([_controlnet(each, first) for each in net.nets])
        # the copy has the very dictionary of the original's parts
        vars(twin)["_modules"] = {**vars(net)["_modules"], "nets": nets}
        return twin
    compute = waiting(net, "__call__", first=first)

    def scaled(
        *args: Any, conditioning_scale: Any = 1.0, guess_mode: bool = False, **kwargs: Any
    ) -> Any:
        if guess_mode:  # its scales differ from layer to layer
            return compute(*args, conditioning_scale=conditioning_scale, guess_mode=True, **kwargs)
        if isinstance(conditioning_scale, list):
            # of a net that sees several pictures, each with a scale of its own
            if len(conditioning_scale) > 1:
                return compute(*args, conditioning_scale=conditioning_scale, **kwargs)
            (conditioning_scale,) = conditioning_scale
        output = compute(*args, conditioning_scale=1.0, **kwargs)
        return pytree.tree_map_only(
            torch.Tensor, lambda sample: sample * conditioning_scale, output
        )

    return stand_in(net, "__call__", scaled)


def _changes_dtype(vae: Any) -> bool:
    return vae.dtype == torch.float16 and bool(vae.config.get("force_upcast"))


def stand_in(
    module: torch.nn.Module, method: str, replacement: Callable[..., Any]
) -> torch.nn.Module:
    """A copy that shares everything with `module`, but whose `method` is `replacement`.

    replacement: called with the arguments only, without the module.
    """
    twin = copy.copy(module)
    add_members(twin, **{method: lambda _self, *args, **kwargs: replacement(*args, **kwargs)})
    return twin


def waiting(
    module: torch.nn.Module,
    method: Method,
    unused: Collection[str] = (),
    first: Answers | None = None,
) -> Callable[..., Any]:
    """A replacement for a method: it waits until `Pack` has computed the result.

    method: its name, or a function that takes the module first.
    unused: arguments without effect, left out so that they do not keep calls apart.
    first: what was answered to the first calls of other cells. Cells that differ in guidance only
    begin with the same calls; later calls are never equal.
    """

    def wait(*args: Any, **kwargs: Any) -> Any:
        cell = getcurrent()
        used = {name: value for name, value in kwargs.items() if name not in unused}
        is_first = cell.is_beginning or cell.clock.begun is None
        call = Call.of(module, method, args, used, compare=is_first, alike=cell.alike)
        if not call.of_pictures:
            cell.clock.begin()
            cell.calls += 1
        if first is None or not cell.is_beginning:
            return cell.parent.switch(call)
        answer = first.of((call.key, call.same))
        if answer is None:
            answer = cell.parent.switch(call)
            # a copy, because rows of a forward keep all of its rows in memory
            kept = pytree.tree_map_only(torch.Tensor, torch.clone, answer)
            first.keep((call.key, call.same), kept)
        return answer

    return wait
