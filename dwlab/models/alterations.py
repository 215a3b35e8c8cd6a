"""What was changed by hand in a loaded model: seen cheaply, and hashed only once it is seen.

A part is described by its modules and their plain attributes (FreeU's factors and adapters' scales are such), its config,
hooks, and a mark of each weight: torch's counter of changes and a few of the values, as not all changes are counted.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import torch

    Modules = list[tuple[str, torch.nn.Module]]

SAMPLES = 8  # values of each weight that are looked at
_PLAIN = (bool, int, float, str, type(None))
# Attributes that begin with an underscore are the libraries' own notes, but for these, which switch adapters.
_SWITCHES = frozenset({"_active_adapter", "_disable_adapters"})
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_LIBRARIES = frozenset(
    {"accelerate", "diffusers", "peft", "torch", "transformers"}
)  # whose code has versions


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
    """A pipeline as it was loaded. attributes: what it keeps beside its parts. place: its device and dtype."""

    parts: dict[str, Part]
    attributes: str
    place: str
    digests: dict[Any, str] = field(
        default_factory=dict, compare=False
    )  # of what was changed since, by what was seen

    @classmethod
    def of(cls, pipeline: Any) -> State:
        """The state of a pipeline now."""
        parts = {
            name: Part.of(part) for name, part in pipeline.components.items() if part is not None
        }
        moving = any(hasattr(part, "_hf_hook") for part in pipeline.components.values())
        return cls(
            parts,
            _attributes(pipeline),
            f"{'offloaded' if moving else pipeline.device}, {pipeline.dtype}",
        )


def digest(loaded: State, pipeline: Any) -> str | None:
    """A hash over what was changed in a pipeline since it was loaded; None if nothing was.

    The same changes give the same hash in any process. Reads weights only when a change is seen for the first time. Raises
    ModelError for changes that no hash can tell, saying what to do.
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
            f"the loaded model was moved (from {loaded.place} to {now.place}); load it as you want it instead: "
            "dwlab.load(name, device=..., dtype=...)"
        )
    for name, part in changed.items():
        _check_code(name, part, loaded.parts.get(name))
    seen = (
        now.attributes,
        gone,
        tuple((name, id(part.reference()), part) for name, part in changed.items()),
    )
    if seen not in loaded.digests:
        loaded.digests.clear()
        loaded.digests[seen] = _digest(now, gone, changed)
    return loaded.digests[seen]


def _scheduler_changed(pipeline: Any) -> ModelError:
    name = type(pipeline.scheduler).__name__
    return ModelError(
        f"the scheduler of the loaded model was changed (to {name}); it is a parameter of each picture instead: "
        f"scheduler={name!r}, scheduler_options={{...}}; load the model again and give these"
    )


def _check_code(name: str, part: Part, before: Part | None) -> None:
    """Raise ModelError for a changed part that computes with functions or classes of no library: no hash can tell them."""
    known = before.hooks if before else ()
    foreign = sorted(set(part.hooks) ^ set(known))
    foreign += sorted(
        {
            _name(cls)
            for cls in _classes(part.reference())
            if cls.__module__.split(".")[0] not in _LIBRARIES
        }
    )
    if foreign:
        raise ModelError(
            f"{name} of the loaded model computes with code of your own ({', '.join(foreign[:5])}), which no key can tell "
            "from other code; load the model again for its own pictures, or call its pipeline yourself"
        )


def _classes(part: Any) -> Iterator[type]:
    import torch

    if not isinstance(part, torch.nn.Module):
        return
    for module in part.modules():
        yield type(module)
        yield from (
            type(value) for value in vars(module).values() if "Processor" in type(value).__name__
        )


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
                total.update(
                    weight.detach().contiguous().view(-1).view(torch.uint8).cpu().numpy().data
                )
        elif hasattr(part, "get_vocab"):
            total.update(_vocabulary(part).encode())
    return total.hexdigest()


def _vocabulary(tokenizer: Any) -> str:
    """All that a tokenizer knows, without how the last call cut and filled up its text."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return str(sorted(tokenizer.get_vocab().items()))
    known = json.loads(backend.to_str())
    return json.dumps(
        {name: value for name, value in known.items() if name not in ("truncation", "padding")}
    )


def _structure(modules: Modules) -> Iterator[str]:
    """The modules of a part, with their plain attributes."""
    for path, module in modules:
        yield f"{path} {_name(type(module))} {_public(vars(module))}"


def _public(values: Mapping[str, Any]) -> str:
    """Values in words, but for the libraries' own, and a forward, which is looked at as a function."""
    public = {
        name: value
        for name, value in values.items()
        if not name.startswith("_") or name in _SWITCHES
    }
    return str(
        [(name, _plain(value)) for name, value in sorted(public.items()) if name != "forward"]
    )


def _plain(value: Any) -> str:
    """A value in words that are the same in each process."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, set | frozenset):
        return f"{sorted(map(_plain, value))}"
    if isinstance(value, list | tuple):
        return f"{list(map(_plain, value))}"
    if isinstance(value, dict):
        return f"{[(str(key), _plain(item)) for key, item in value.items()]}"
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
    """What a part without weights is: a scheduler's config, a tokenizer's words, an image processor's numbers."""
    yield _name(type(part))
    if hasattr(part, "get_added_vocab"):
        yield f"{len(part)} {sorted(part.get_added_vocab().items())} {part.model_max_length}"
    elif hasattr(part, "config"):
        yield _config(part)
    elif hasattr(part, "to_dict"):
        yield _public(part.to_dict())


def _hooks(modules: Modules) -> Iterator[str]:
    """Functions that were put into a part's modules, in place of their own or beside them."""
    for path, module in modules:
        own = vars(module)
        hooks = [hook for name in _HOOKS for hook in own[name].values()]
        registry = own.get("_diffusers_hook")
        hooks += list(registry.hooks.values()) if registry else []
        hooks += [own[name] for name in ("forward", "_hf_hook") if name in own]
        for hook in hooks:
            function = getattr(hook, "__func__", hook)
            name = getattr(function, "__qualname__", type(function).__qualname__)
            # dwlab sets a clock while a picture is made, transformers its own hooks with the first call
            if str(getattr(function, "__module__", "")).split(".")[0] not in (
                "dwlab",
                "transformers",
            ):
                yield f"{path or 'the whole'}: {name} {id(function):x}"


def _weights(modules: Modules) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters and the buffers that are saved with them; others are caches."""
    for path, module in modules:
        for name, parameter in module.named_parameters(recurse=False):
            yield f"{path}.{name}", parameter
        for name, buffer in module.named_buffers(recurse=False):
            if name not in module._non_persistent_buffers_set:  # noqa: SLF001  # torch has no other way to ask
                yield f"{path}.{name}", buffer


def _marks(modules: Modules) -> tuple[Any, ...]:
    """For each weight: its shape, torch's counter of changes, and some of its values."""
    import torch

    counts = []
    samples: dict[torch.device, list[torch.Tensor]] = {}
    with torch.no_grad():
        for path, weight in _weights(modules):
            changes = None if weight.is_inference() else weight._version  # noqa: SLF001  # public in all but name
            counts.append((path, tuple(weight.shape), weight.dtype, changes))
            samples.setdefault(weight.device, []).append(_sample(weight))
        values = [
            torch.cat(alike).tolist() for alike in samples.values()
        ]  # from each device at once
    return (*counts, repr(values))


def _sample(weight: torch.Tensor) -> torch.Tensor:
    import torch

    if weight.is_meta or not weight.numel():
        return torch.zeros(0)
    flat = weight.detach()
    step = max(1, weight.numel() // SAMPLES)
    ends = (weight.storage_offset() + weight.numel()) * weight.element_size()
    if ends <= weight.untyped_storage().nbytes():  # as it lies, whatever its layout
        flat = flat.as_strided((weight.numel(),), (1,), weight.storage_offset())
    return flat.reshape(-1)[::step].float()


def _attributes(pipeline: Any) -> str:
    """What a pipeline keeps beside its parts; what begins with an underscore is a call's."""
    parts = pipeline.components.keys()
    return f"{_name(type(pipeline))} {_public({name: own for name, own in vars(pipeline).items() if name not in parts})}"
