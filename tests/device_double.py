"""A GPU's manners on a machine without one: it refuses what CUDA refuses, and counts what waits for it.

Tensors "on" it are computed on the CPU, but say that they are on `gpu:0`. Reading one (`.item()`,
`bool()`, `nonzero`, a copy to the CPU) or copying to it from memory that is not pinned makes the host
wait on a real GPU, and is counted here; so do numbers of Python that become a tensor there. A CPU
tensor beside one on the device is an error, unless it has no dimensions.
"""

from __future__ import annotations

import contextlib
import traceback
from collections import Counter

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_setup_privateuseone_for_python_backend("gpu")
DEVICE = torch.device("gpu:0")
CPU = torch.device("cpu")
# these give the host a number, or a result whose shape depends on values
READING = {
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::nonzero",
    "aten::_unique2",
    "aten::bincount",
    "aten::repeat_interleave",
    "aten::unique_consecutive",
    "aten::unique_dim",
}
COPIES = {"aten::_to_copy", "aten::copy_"}
# indices may be on the CPU, and are copied, which waits too
INDEXED = {"aten::index", "aten::index_put", "aten::index_put_"}
# these make a tensor of numbers of Python
OF_NUMBERS = (torch.tensor, torch.as_tensor, torch.Tensor.new_tensor)
WITH_INDICES = (torch.Tensor.__getitem__, torch.Tensor.__setitem__)

# how often what waited for the device, by name and place
WAITS = Counter()


class OnDevice(torch.Tensor):
    """A tensor on the device. inner: its values."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner):
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.size(), strides=inner.stride(), dtype=inner.dtype, device=DEVICE
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        # outside of the double, as in a destructor or in another thread
        with DeviceDouble():
            return func(*args, **(kwargs or {}))

    def __repr__(self):
        return f"OnDevice({self.inner!r})"


class DeviceDouble(TorchDispatchMode):
    """Within it there is such a device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        # in inference mode, operations that are made of others arrive whole
        with self:
            result = func.decompose(*args, **kwargs)
        if result is not NotImplemented:
            return result
        name = func._schema.name
        if name == "aten::_pin_memory":
            pinned = args[0].clone()
            pinned.is_pinned_here = True
            return pinned
        leaves = [
            leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)
        ]
        on_device = [leaf for leaf in leaves if isinstance(leaf, OnDevice)]
        asked = kwargs.get("device")
        if asked is not None:
            kwargs["device"] = CPU
        if name in COPIES:
            self._note_copy(name, args, kwargs, asked)
        elif on_device:
            if name in READING or _chooses_by_mask(name, args):
                note(name)
            self._check_beside(name, leaves)
        is_here = _is_on_device(name, args, on_device, asked)
        kwargs.pop("pin_memory", None)
        plain_args, plain_kwargs = pytree.tree_map_only(
            OnDevice, lambda tensor: tensor.inner, (args, kwargs)
        )
        if name == "aten::_to_copy":
            plain_kwargs["non_blocking"] = False
        result = func(*plain_args, **plain_kwargs)
        if not is_here:
            return result
        if func._schema.is_mutable and args and isinstance(args[0], OnDevice):
            return args[0]
        return pytree.tree_map_only(torch.Tensor, OnDevice, result)

    def _note_copy(self, name, args, kwargs, asked):
        source = args[1] if name == "aten::copy_" else args[0]
        if name == "aten::copy_":
            target = args[0].device
        else:
            target = torch.device(asked) if asked is not None else source.device
        if source.device.type == target.type:
            return
        waits_not = kwargs.get("non_blocking") or (name == "aten::copy_" and args[2:3] == (True,))
        is_pinned = target.type == "cpu" or getattr(source, "is_pinned_here", False)
        if not (waits_not and is_pinned):
            note("to the CPU" if target.type == "cpu" else "to the device")

    def _check_beside(self, name, leaves):
        beside = [leaf for leaf in leaves if not isinstance(leaf, OnDevice) and leaf.ndim]
        if beside and name in INDEXED:
            note("to the device")
        elif beside:
            raise RuntimeError(f"{name}: expected all tensors to be on the same device")


class NumbersToDevice(TorchFunctionMode):
    """Numbers of Python that torch itself moves to the device, which it does not show to `DeviceDouble`."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in OF_NUMBERS and not isinstance(args[-1], torch.Tensor):
            device = kwargs.get("device")
            if device is None and isinstance(args[0], OnDevice):
                device = DEVICE
            if device is not None and torch.device(device).type == DEVICE.type:
                of_values = {name: value for name, value in kwargs.items() if name != "device"}
                return _moved_numbers(args[-1], **of_values)
        if func in WITH_INDICES and isinstance(args[0], OnDevice):
            indices = args[1] if isinstance(args[1], tuple) else (args[1],)
            lists = tuple(
                _moved_numbers(each) if isinstance(each, list) else each for each in indices
            )
            args = (args[0], lists, *args[2:])
        if func is torch.Tensor.tolist and isinstance(args[0], OnDevice):
            note("tolist")
            return args[0].inner.tolist()
        return func(*args, **kwargs)


def _moved_numbers(numbers, **kwargs):
    note("to the device")
    return OnDevice(torch.tensor(numbers, **kwargs))


@contextlib.contextmanager
def device_double():
    """Within it there is such a device."""
    with DeviceDouble(), NumbersToDevice():
        yield


def _chooses_by_mask(name, args):
    """Whether an index is a mask, whose number of places has to be known."""
    if name not in INDEXED:
        return False
    masks = [index for index in args[1] if index is not None and index.dtype == torch.bool]
    # torch fills places with one value without knowing their number
    is_filled = name != "aten::index" and args[2].numel() == 1 and len(masks) == len(args[1])
    return bool(masks) and not is_filled


def _is_on_device(name, args, on_device, asked):
    """Whether the result of an operation is on the device. asked: the device that was asked for."""
    if name == "aten::copy_":
        return isinstance(args[0], OnDevice)
    return bool(on_device) if asked is None else torch.device(asked).type == DEVICE.type


@contextlib.contextmanager
def moved(*modules):
    """Modules whose weights are on the device for a while."""
    with contextlib.ExitStack() as stack:
        for part in _distinct_parts(modules):
            for weights in (part._parameters, part._buffers):
                stack.callback(weights.update, dict(weights))
                # as what is computed with them
                with torch.inference_mode():
                    for name, weight in list(weights.items()):
                        if weight is not None and not isinstance(weight, OnDevice):
                            weights[name] = OnDevice(weight.detach())
        yield


def _distinct_parts(modules):
    return {id(part): part for module in modules for part in module.modules()}.values()


def note(name):
    """Note that something waited for the device."""
    WAITS[f"{name} in {_place()}"] += 1


def _place():
    """Where it happened: the last lines of diffusers, transformers or dwlab."""
    frames = [
        frame
        for frame in traceback.extract_stack()
        if any(f"/{name}/" in frame.filename for name in ("diffusers", "transformers", "dwlab"))
    ]
    return " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames[-2:]))
