"""Detects what a user changed in a loaded model, and hashes the changes.

A part is described by its modules with their plain attributes (such as FreeU's factors and the
scales of adapters), its config, its hooks, and a mark of each weight: torch's counter of changes
and a few of the values, because not all changes are counted. Weights are hashed only after a change
was seen.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .plain_tensors import plain_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import torch

    Modules = list[tuple[str, torch.nn.Module]]

SAMPLES = 8  # values of each weight to compare
_PLAIN = (bool, int, float, str, type(None))
# Attributes that begin with an underscore belong to the libraries, except these, which switch
# adapters on and off.
_SWITCHES = frozenset({"_active_adapter", "_disable_adapters"})
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
# libraries whose code is identified by a version
_LIBRARIES = frozenset({"accelerate", "diffusers", "peft", "torch", "transformers"})
# dwlab sets a clock while a picture is made; transformers sets hooks in the first call
_OWN_HOOKS = ("dwlab", "transformers")
# what a tokenizer remembers of its latest call
_CALL_STATE = ("truncation", "padding")


@dataclass(frozen=True)
class Part:
    """A part of a pipeline as it was loaded."""

    reference: weakref.ref[Any]
    structure: tuple[str, ...]
    hooks: tuple[str, ...] = ()
    marks: tuple[Any, ...] = ()

    @classmethod
    def of(cls, part: Any) -> Part:
        """The state of a part now."""
        import torch

        if not isinstance(part, torch.nn.Module):
            return cls(weakref.ref(part), tuple(_words(part)))
        modules = list(part.named_modules())
        structure = (_config(part), *_structure(modules))
        return cls(weakref.ref(part), structure, tuple(_hooks(modules)), _marks(modules))


@dataclass(frozen=True)
class State:
    """A pipeline as it was loaded.

    attributes: what it keeps besides its parts. place: its device and dtype. digests: hashes of
    changes, by their descriptions.
    """

    parts: dict[str, Part]
    attributes: str
    place: str
    digests: dict[Any, str] = field(default_factory=dict, compare=False)

    def without_hooks(self) -> State:
        """The same without the hooks, which offloading makes anew for each picture."""
        parts = {name: replace(part, hooks=()) for name, part in self.parts.items()}
        return replace(self, parts=parts)

    @classmethod
    def of(cls, pipeline: Any) -> State:
        """The state of a pipeline now."""
        components = pipeline.components
        parts = {name: Part.of(part) for name, part in components.items() if part is not None}
        offloaded = any(hasattr(part, "_hf_hook") for part in components.values())
        device = "offloaded" if offloaded else pipeline.device
        return cls(parts, _attributes(pipeline), f"{device}, {pipeline.dtype}")


def digest(loaded: State, pipeline: Any) -> str | None:
    """A hash over what was changed in a pipeline since it was loaded; None if nothing was.

    The same changes have the same hash in any process. Reads weights only when a change is seen for
    the first time. Raises ModelError, saying what to do, for changes that cannot be hashed.
    """
    now = State.of(pipeline)
    if now == loaded:
        return None
    changed = {name: part for name, part in now.parts.items() if loaded.parts.get(name) != part}
    gone = tuple(sorted(loaded.parts.keys() - now.parts.keys()))
    if "scheduler" in changed or "scheduler" in gone:
        raise _scheduler_changed(pipeline)
    if loaded.place != now.place:
        raise ModelError(
            f"the loaded model was moved (from {loaded.place} to {now.place}); load it where you want "
            "it instead: dwlab.load(name, device=..., dtype=...)"
        )
    for name, part in changed.items():
        _check_code(name, part, loaded.parts.get(name))
    parts = [(name, id(part.reference()), part) for name, part in changed.items()]
    changes = (now.attributes, gone, tuple(parts))
    if changes not in loaded.digests:
        loaded.digests.clear()
        loaded.digests[changes] = _digest(now, gone, changed)
    return loaded.digests[changes]


def _scheduler_changed(pipeline: Any) -> ModelError:
    name = type(pipeline.scheduler).__name__
    return ModelError(
        f"the scheduler of the loaded model was changed (to {name}); it is a parameter of each "
        f"picture instead: load the model again and pass scheduler={name!r}, "
        "scheduler_options={...}"
    )


def _check_code(name: str, part: Part, before: Part | None) -> None:
    """Raise ModelError for a changed part that uses functions or classes outside the libraries."""
    known_hooks = set(before.hooks) if before else set()
    hooks = known_hooks.symmetric_difference(part.hooks)
    classes = {_name(cls) for cls in _classes(part.reference()) if not _is_of_library(cls)}
    foreign = sorted(hooks) + sorted(classes)
    if foreign:
        raise ModelError(
            f"{name} of the loaded model computes with code of your own "
            f"({', '.join(foreign[:5])}), which a key cannot identify; load the model again for its "
            "own pictures, or call its pipeline yourself"
        )


def _is_of_library(cls: type) -> bool:
    return cls.__module__.split(".")[0] in _LIBRARIES


def _classes(part: Any) -> Iterator[type]:
    import torch

    if not isinstance(part, torch.nn.Module):
        return
    for module in part.modules():
        yield type(module)
        for value in vars(module).values():
            if "Processor" in type(value).__name__:
                yield type(value)


def _digest(now: State, gone: tuple[str, ...], changed: dict[str, Part]) -> str:
    import torch

    total = hashlib.sha256(f"{now.attributes}\n{gone}\n".encode())
    for name, state in sorted(changed.items()):
        part = state.reference()
        total.update(f"{name}\n".encode())
        total.update("\n".join(state.structure).encode())
        if isinstance(part, torch.nn.Module):
            for path, weight in _weights(list(part.named_modules())):
                total.update(f"\n{path} {weight.dtype} {tuple(weight.shape)}\n".encode())
                values = weight.detach().contiguous().view(-1).view(torch.uint8)
                total.update(values.cpu().numpy().data)
        elif hasattr(part, "get_vocab"):
            total.update(_vocabulary(part).encode())
    return total.hexdigest()


def _vocabulary(tokenizer: Any) -> str:
    """All that a tokenizer knows, without the truncation and padding of its latest call."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return str(sorted(tokenizer.get_vocab().items()))
    state = json.loads(backend.to_str())
    lasting = {name: value for name, value in state.items() if name not in _CALL_STATE}
    return json.dumps(lasting)


def _structure(modules: Modules) -> Iterator[str]:
    """The modules of a part, with their plain attributes."""
    for path, module in modules:
        yield f"{path} {_name(type(module))} {_public(vars(module))}"


def _public(values: Mapping[str, Any]) -> str:
    """Public values as text; a forward is left out, because `_hooks` describes it."""
    texts = []
    for name, value in sorted(values.items()):
        is_public = not name.startswith("_") or name in _SWITCHES
        if is_public and name != "forward":
            texts.append((name, _plain(value)))
    return str(texts)


def _plain(value: Any) -> str:
    """A value as text that is the same in each process."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, set | frozenset):
        return str(sorted(map(_plain, value)))
    if isinstance(value, list | tuple):
        return str(list(map(_plain, value)))
    if isinstance(value, dict):
        return str([(str(key), _plain(item)) for key, item in value.items()])
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if "Processor" in type(value).__name__:
        return f"{_name(type(value))} {_public(vars(value))} {_config(value)}"
    return _name(type(value))


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _config(part: Any) -> str:
    config = getattr(part, "config", None)
    if config is None:
        return ""
    return _public(config.to_dict() if hasattr(config, "to_dict") else config)


def _words(part: Any) -> Iterator[str]:
    """A part without weights as text: a scheduler, a tokenizer or an image processor."""
    yield _name(type(part))
    if hasattr(part, "get_added_vocab"):
        yield f"{len(part)} {sorted(part.get_added_vocab().items())} {part.model_max_length}"
    elif hasattr(part, "config"):
        yield _config(part)
    elif hasattr(part, "to_dict"):
        yield _public(part.to_dict())


def _hooks(modules: Modules) -> Iterator[str]:
    """Functions that were added to a part's modules, or that replace their own."""
    for path, module in modules:
        for hook in _hooks_of_module(module):
            function = getattr(hook, "__func__", hook)
            name = getattr(function, "__qualname__", type(function).__qualname__)
            library = str(getattr(function, "__module__", "")).split(".")[0]
            if library not in _OWN_HOOKS:
                yield f"{path or 'the whole'}: {name} {id(function):x}"


def _hooks_of_module(module: torch.nn.Module) -> list[Any]:
    own = vars(module)
    hooks: list[Any] = []
    for name in _HOOKS:
        hooks += own[name].values()
    registry = own.get("_diffusers_hook")
    if registry:
        hooks += registry.hooks.values()
    hooks += [own[name] for name in ("forward", "_hf_hook") if name in own]
    return hooks


def _weights(modules: Modules) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters, and the buffers that are saved with them; other buffers are caches."""
    for path, module in modules:
        for name, parameter in module.named_parameters(recurse=False):
            yield from plain_tensors(f"{path}.{name}", parameter)
        for name, buffer in module.named_buffers(recurse=False):
            # torch has no public way to ask
            if name not in module._non_persistent_buffers_set:  # noqa: SLF001
                yield from plain_tensors(f"{path}.{name}", buffer)


def _marks(modules: Modules) -> tuple[Any, ...]:
    """For each weight: its shape, torch's counter of changes, and some of its values."""
    import torch

    counts = []
    samples: dict[torch.device, list[torch.Tensor]] = {}
    with torch.no_grad():
        for path, weight in _weights(modules):
            # `_version` is documented, despite its name
            changes = None if weight.is_inference() else weight._version  # noqa: SLF001
            counts.append((path, tuple(weight.shape), weight.dtype, changes))
            samples.setdefault(weight.device, []).append(_sample(weight))
        # read from each device at once
        values = [torch.cat(parts).tolist() for parts in samples.values()]
    return (*counts, repr(values))


def _sample(weight: torch.Tensor) -> torch.Tensor:
    import torch

    if weight.is_meta or not weight.numel():
        return torch.zeros(0)
    flat = weight.detach()
    step = max(1, weight.numel() // SAMPLES)
    end = (weight.storage_offset() + weight.numel()) * weight.element_size()
    # in the order of memory, whatever the layout, so that nothing is copied
    if end <= weight.untyped_storage().nbytes():
        flat = flat.as_strided((weight.numel(),), (1,), weight.storage_offset())
    return flat.reshape(-1)[::step].float()


def _attributes(pipeline: Any) -> str:
    """What a pipeline keeps besides its parts; names with an underscore belong to a call."""
    parts = pipeline.components.keys()
    own = {name: value for name, value in vars(pipeline).items() if name not in parts}
    return f"{_name(type(pipeline))} {_public(own)}"
