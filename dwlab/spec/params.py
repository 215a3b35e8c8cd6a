"""The parameters of one picture: validated, frozen, with one canonical text for one meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from . import catalog, components, foreign_names, inputs, schedulers
from .key import key_of
from .long_prompts import CHUNK, TRUNCATE
from .model_choice import ModelChoice
from .names import ARGUMENTS, CODE, LISTS, MAPS, PARTS, SPELLINGS, TEXTS, own_name, under_own_names
from .own_code.classes import own_scheduler
from .param_checks import (
    check_accelerate,
    check_config,
    check_model_name,
    check_one_negative_prompt,
    check_own_code,
    checked,
)
from .prompt_weights import COMPEL, LITERAL, parts_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .accelerate import Accelerate
    from .components import Component, Components
    from .controls import Controls
    from .embeddings import Embeddings
    from .family import Omission
    from .ip_adapters import IPAdapters
    from .loras import Stack
    from .model_entry import Entry
    from .own_code.classes import OwnClass
    from .own_code.recipe import Method
    from .refiners import Refiners

# values that mean the same as leaving the parameter out
_EMPTY: dict[str, object] = {
    "negative_prompt": "",
    "dtype": "auto",
    "quantisation": "none",
    "noise": "cpu",
    "config": "",
    "prediction": "",
    "long_prompt": TRUNCATE,
    "prompt_weighting": LITERAL,
    "call": {},
    "loras": (),
    "control": (),
    "ip_adapter": (),
    "refiner": (),
    "embeddings": (),
    "components": (),
    "scheduler_options": {},
    "accelerate": {},
}
# parameters whose default is the model's own
_FROM_MODEL = ("steps", "guidance", "width", "height", "scheduler")
_FROM_MODEL_WITH_IMAGE = ("steps", "guidance", "scheduler")
# arguments of a pipeline's call that dwlab sets itself
_MANAGED = frozenset(
    {
        "generator",
        "latents",
        "output_type",
        "return_dict",
        "num_images_per_prompt",
        "callback_on_step_end",
    }
)
# made once: a large sweep needs hundreds of thousands of texts
_to_json = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
).encode


@dataclass(frozen=True)
class GenerationParams:
    """The parameters of one picture; what is left out comes from the model's entry in the catalog.

    What only the files of a model tell stays None until they are there (see
    `dwlab.models.identity.complete`).

    prompt, negative_prompt: text of at most 20,000 characters, without NUL or lone surrogates;
        white space around it is removed.
    seed: 0 to 2^63-1.
    steps: 1 to 1000.
    guidance: 0 to 100.
    width, height: pixels, multiples of 8 within the model's limits. With an image, left out, they
        are those of the image, or what the model was trained for if that is smaller.
    scheduler: a diffusers class, or the name that other tools use.
    model: a catalog name, a diffusers folder, a checkpoint in one file, or a hub id, also as
        `owner/name@revision`.
    dtype: auto, float32, float16 or bfloat16.
    quantisation: none, or how weights are kept in 8 or 4 bits (see `dwlab.spec.memory`).
    variant: the form of the model's weights, like fp16; by default the plain one.
    config: the configs of a checkpoint in one file: a layout that ships with dwlab, or a folder; by
        default they are told from the file.
    prediction: what the denoiser was trained to predict: epsilon, v_prediction or sample; by
        default what its configs or its file say.
    noise: what draws the noise that the picture starts from. cpu: as diffusers does with a
        generator on the CPU. a1111-cuda: as AUTOMATIC1111 does on an NVIDIA GPU, on any device.
    long_prompt: what becomes of a prompt that is longer than the text encoder reads: truncate, chunk
        or error (see `long_prompts`).
    prompt_weighting: literal, or compel, which gives the `word` of `(word:1.2)` a weight.
    loras: LoRA files with their weights, like [{"file": "style.safetensors", "weight": 0.8}].
    embeddings: textual inversions, like [{"file": "ink.safetensors", "token": "<ink>"}].
    vae: another VAE than the model's own: a folder, a .safetensors file, or a hub id.
    components: other parts of the model from elsewhere, like {"text_encoder": folder}.
    call, scheduler_options: anything else that the pipeline's call or the scheduler accepts.
    image: the picture to start from, a path or a picture of Pillow; its hash once it was read.
    strength: how much of it is made anew, above 0 to 1.
    mask: a picture that is white where `image` is made anew.
    mask_padding: pixels around the mask that are worked on alone, then put back.
    mask_blur: pixels over which the mask fades.
    control: ControlNets with their pictures, like [{"model": folder, "image": path, "scale": 1}].
    ip_adapter: IP-Adapters with their pictures, like [{"file": path, "image": path, "scale": 0.6}].
    refiner: the model of a second stage, like {"model": "sdxl-refiner", "from": 0.8}.
    accelerate: ways to draw with less work, like {"guidance_interval": [0, 0.6]} (see `accelerators`).
    method: a function of your own that makes the picture: `FILE.py:NAME`, or the function itself.
    pipeline: a class of your own, derived from the stock one, that draws: `FILE.py:NAME`.
    scheduler_code: set by a `scheduler` of your own, which is `FILE.py:NAME` too.

    Without a negative_prompt the pipeline is called without one. `call={"negative_prompt": ""}`
    passes an empty text instead, which makes another picture on some models (see `families`).

    Raises InvalidInput, which names the field, or ModelError for a model that cannot be found.
    """

    prompt: str
    negative_prompt: str = ""
    seed: int = 0
    # filled in from the catalog, or once the model's files are there
    steps: int = None  # type: ignore[assignment]
    guidance: float = None  # type: ignore[assignment]
    width: int | None = None
    height: int | None = None
    scheduler: str | None = None
    model: str = "shapes"
    dtype: str = "auto"
    quantisation: str = "none"
    variant: str | None = None
    config: str = ""
    prediction: str = ""
    noise: str = "cpu"
    loras: Stack = ()
    embeddings: Embeddings = ()
    vae: Component | None = None
    components: Components = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    scheduler_options: Mapping[str, Any] = field(default_factory=dict)
    image: inputs.Source | None = None
    strength: float | None = None
    mask: inputs.Source | None = None
    mask_padding: int | None = None
    mask_blur: int | None = None
    control: Controls = ()
    ip_adapter: IPAdapters = ()
    refiner: Refiners = ()
    method: Method | None = None
    pipeline: OwnClass | None = None
    scheduler_code: OwnClass | None = None
    long_prompt: str = TRUNCATE
    prompt_weighting: str = LITERAL
    accelerate: Accelerate = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_model_name(self.model)
        check_config(self.config)
        self._fill_in_from_model()
        for name in vars(self):
            self._check(name)
        self._resolve_scheduler()
        self._check_together()

    @classmethod
    def of(cls, **values: Any) -> GenerationParams:
        """Parameters from names in any spelling, like `steps` or `num_inference_steps`."""
        return cls(**known_parameters(values))

    def canonical(self) -> str:
        """One JSON text for one meaning: sorted names, no blanks, empty defaults left out."""
        return _to_json(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The fields that differ from an empty default, as plain values for JSON."""
        values = {}
        for name, value in vars(self).items():
            if value is None or (name in _EMPTY and value == _EMPTY[name]):
                continue
            values[name] = _as_plain(name, value)
        return values

    def key(
        self,
        weights: str,
        dtype: str,
        exact: int | None = None,
        *,
        omission: Omission | None = None,
        adapters: str = "",
    ) -> str:
        """The cell's identity (see `dwlab.spec.key.key_document`).

        weights: a fingerprint. dtype: the one that is computed in. exact: the rows of each forward
        in exact mode. omission: what the model does without a negative prompt, if not the same as
        with an empty one. adapters: what stands for the files of `loras`.
        """
        return key_of(self, weights, dtype, exact, omission, adapters)

    def kind(self) -> Hashable:
        """Everything but prompt and seed: most cells of a large sweep are of few kinds."""
        call = _to_json(dict(self.call)) if self.call else ""
        options = _to_json(dict(self.scheduler_options)) if self.scheduler_options else ""
        accelerators = _to_json(dict(self.accelerate)) if self.accelerate else ""
        return (_scalars_of(vars(self)), call, options, accelerators)

    def replace(self, **changes: Any) -> GenerationParams:
        """A copy with some fields changed; the changed fields are validated."""
        if not changes.keys() <= _INDEPENDENT or None in changes.values():
            return replace(self, **changes)
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), **changes)
        for name in changes:
            twin._check(name)
        twin._check_together()
        return twin

    def with_defaults(self, entry: Entry) -> GenerationParams:
        """A copy with the steps, guidance and scheduler of a model's files, where none are given."""
        defaults = {
            name: getattr(entry, name)
            for name in _FROM_MODEL_WITH_IMAGE
            if vars(self)[name] is None and getattr(entry, name) is not None
        }
        return self.replace(**defaults) if defaults else self

    @property
    def negative(self) -> str | None:
        """The negative prompt that the pipeline is called with, or None if there is none."""
        return self.negative_prompt or self.call.get("negative_prompt")

    @property
    def choice(self) -> ModelChoice:
        """What decides which weights are loaded, and how."""
        return ModelChoice(
            self.model,
            self.dtype,
            self.variant,
            self.config,
            self.parts,
            quantisation=self.quantisation,
        )

    @property
    def parts(self) -> Components:
        """The parts of the model that come from elsewhere, the VAE too."""
        return self.components if self.vae is None else (self.vae, *self.components)

    @property
    def code(self) -> tuple[Method | OwnClass, ...]:
        """The code of the user's own that takes part in the picture."""
        named = (self.method, self.pipeline, self.scheduler_code)
        return tuple(code for code in named if code is not None)

    @property
    def embeds_prompts(self) -> bool:
        """Whether the prompts are to be passed as embeddings, if the model takes any."""
        return self.prompt_weighting != LITERAL or self.long_prompt == CHUNK

    @property
    def pixels(self) -> int:
        """The pixels of the picture; those of 512 by 512 while its size is not known."""
        return (self.width or 512) * (self.height or 512)

    @property
    def guided(self) -> bool:
        """Whether the denoiser runs twice per step, with and without the prompt."""
        return self.guidance > 1

    def __hash__(self) -> int:
        return hash((self.prompt, self.seed, self.kind()))

    def _fill_in_from_model(self) -> None:
        entry = catalog.lookup(self.model, self.config)
        # with a picture to start from, its own size counts, once it was read
        names = _FROM_MODEL if self.image is None else _FROM_MODEL_WITH_IMAGE
        for name in names:
            if vars(self)[name] is None:
                vars(self)[name] = getattr(entry, name)

    def _check(self, name: str) -> None:
        """Validate one field by itself, and keep it in its final form."""
        values = vars(self)
        if name in ARGUMENTS:
            _check_not_reserved(name, values[name])
        values[name] = checked(name, values[name], self.model)

    def _check_together(self) -> None:
        """Validate the fields that mean something beside others only."""
        check_one_negative_prompt(self.negative_prompt, self.call)
        inputs.check_together(vars(self))
        check_own_code(self.method, self.pipeline, self.refiner)
        check_accelerate(self.accelerate, vars(self))
        vars(self)["vae"], vars(self)["components"] = components.merged(self.vae, self.components)
        if self.prompt_weighting == COMPEL:
            for name in TEXTS:
                parts_of(name, vars(self)[name])

    def _resolve_scheduler(self) -> None:
        """Replace another tool's name of a scheduler by its class and options."""
        own = own_scheduler(self.scheduler)
        if own is not None:
            vars(self)["scheduler"] = own.name
            vars(self)["scheduler_code"] = own
        if self.scheduler_code is not None and self.scheduler_code.name == self.scheduler:
            return
        # another scheduler took the place of the one with code
        vars(self)["scheduler_code"] = None
        if self.scheduler is None:
            return
        scheduler, options = schedulers.resolve(self.scheduler)
        vars(self)["scheduler"] = scheduler
        if options:
            merged = MappingProxyType({**options, **self.scheduler_options})
            vars(self)["scheduler_options"] = merged


FIELDS = frozenset(f.name for f in fields(GenerationParams))
# fields that decide which values others have or may have
ENTANGLED = frozenset({"model", "config", "scheduler", "scheduler_options", "image", *PARTS})
_INDEPENDENT = FIELDS - ENTANGLED
_scalars_of = itemgetter(*sorted(FIELDS - {"prompt", "seed", *MAPS}))


def _as_plain(name: str, value: Any) -> Any:
    """A field's value for JSON."""
    if name in MAPS:
        return dict(value)
    if name in LISTS:
        return [entry.as_dict() for entry in value]
    if name in PARTS:
        return components.as_plain(value)
    if name in CODE:
        return value.as_dict()
    return str(value) if isinstance(value, inputs.HeldPicture) else value


def _check_not_reserved(name: str, arguments: object) -> None:
    """Raise InvalidInput for an argument that is a parameter, or that dwlab sets itself."""
    if not isinstance(arguments, Mapping) or not arguments:
        return
    reserved = FIELDS | SPELLINGS.keys() | _MANAGED
    if name == "call":
        reserved -= {"negative_prompt"}
    for argument in sorted(reserved.intersection(arguments)):
        allowed = "any other name; dwlab sets this one itself"
        raise InvalidInput(f"{name}.{argument}", arguments[argument], allowed)


def known_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` under dwlab's own names.

    Raises InvalidInput for a name that is unknown or given twice.
    """
    for name, value in values.items():
        if own_name(name) not in FIELDS:
            names = ", ".join(sorted(FIELDS))
            allowed = f"one of {names} (other arguments of the pipeline go into call:)"
            raise InvalidInput(name, value, foreign_names.instead_of(name) or allowed)
    return under_own_names(values)
