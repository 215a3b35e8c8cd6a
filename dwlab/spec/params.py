"""What is asked of a model for one picture: validated, frozen, with one canonical text form."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from . import catalog, foreign_names, schedulers

if TYPE_CHECKING:
    from .families import Omission

PROMPT_LIMIT = 20_000  # characters; every text encoder cuts far earlier
DTYPES = ("auto", "float32", "float16", "bfloat16")
UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # neither SQLite nor UTF-8 can hold it
_EMPTY: dict[str, Any] = {
    "negative_prompt": "",
    "dtype": "auto",
    "call": {},
    "scheduler_options": {},
}
_NOTHING: Mapping[str, Any] = MappingProxyType({})
# encoders made once: a large sweep asks for hundreds of thousands of texts
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_TO_HASH = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
TEXTS = ("prompt", "negative_prompt")
SPELLINGS = {"num_inference_steps": "steps", "guidance_scale": "guidance", "cfg": "guidance"}


@dataclass(frozen=True)
class GenerationParams:
    """One picture's parameters; what is left out is filled in from the model's entry in the catalog.

    prompt, negative_prompt: text of at most 20,000 characters, without NUL or lone surrogates; kept `stripped`.
    seed: 0 to 2^63-1. steps: 1 to 1000. guidance: 0 to 100. width, height: pixels, multiples of 8
    within the model's limits. scheduler: a diffusers class or the name other tools use. model: a
    catalog name, a diffusers folder or a hub id. dtype: auto, float32, float16 or bfloat16.
    call, scheduler_options: anything else that the pipeline's call or the scheduler accepts.
    Without a negative_prompt the pipeline is called without one; `call={"negative_prompt": ""}` passes an empty text,
    which makes another picture where stock has zeros, or no true CFG, in place of a missing one.

    Raises InvalidInput, which names the field, or ModelError for a model that cannot be found.
    """

    prompt: str
    negative_prompt: str = ""
    seed: int = 0
    steps: int = None  # type: ignore[assignment]  # filled in from the catalog
    guidance: float = None  # type: ignore[assignment]  # filled in from the catalog
    width: int | None = None
    height: int | None = None
    scheduler: str | None = None
    model: str = "shapes"
    dtype: str = "auto"
    call: Mapping[str, Any] = field(default_factory=dict)
    scheduler_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.model, str) or not self.model:
            raise InvalidInput(
                "model", self.model, "a catalog name, a folder, or a hub id like owner/name"
            )
        entry, own = catalog.lookup(self.model), vars(self)
        for name in ("steps", "guidance", "width", "height", "scheduler"):
            if own[name] is None:
                own[name] = getattr(entry, name)
        for name in own:
            self._check(name)
        if self.scheduler is not None:
            own["scheduler"], implied = schedulers.resolve(self.scheduler)
            if implied:
                own["scheduler_options"] = MappingProxyType({**implied, **self.scheduler_options})
        self._check_negative()

    def _check(self, name: str) -> None:
        """Validate one field by itself."""
        if name == "seed":
            self._integer(name, 0, 2**63 - 1)
        elif name in TEXTS:
            self._text(name)
        elif name == "steps":
            self._integer(name, 1, 1000)
        elif name == "guidance":
            self._number(name, 0, 100)
        elif name in ("width", "height"):
            if vars(self)[name] is not None:
                self._integer(name, 8, 8192)
                catalog.check_side(catalog.lookup(self.model), name, vars(self)[name])
        elif name == "dtype":
            if self.dtype not in DTYPES:
                raise InvalidInput("dtype", self.dtype, f"one of {', '.join(DTYPES)}")
        elif name in ("call", "scheduler_options"):
            self._map(name)

    @classmethod
    def of(cls, **values: Any) -> GenerationParams:
        """Parameters from names in either spelling: `steps` or `num_inference_steps`, and so on."""
        return cls(**named(values))

    def canonical(self) -> str:
        """One JSON text for one meaning: sorted keys, no blanks, empty defaults left out."""
        return _CANONICAL(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """The fields that differ from an empty default, as plain values for JSON."""
        return {
            name: dict(value) if type(value) is MappingProxyType else value
            for name, value in vars(self).items()
            if value is not None and (name not in _EMPTY or value != _EMPTY[name])
        }

    def key(
        self,
        weights: str,
        dtype: str,
        exact: int | None = None,
        *,
        omission: Omission | None = None,
    ) -> str:
        """The cell's identity: what is asked, of which weights (a fingerprint), in which resolved dtype, and how exactly.

        omission: what leaving the negative prompt out means to the model, if that is no empty text.
        """
        omitted = (
            self.negative is None
            and omission is not None
            and omission.shows(self.guidance, self.call)
        )
        before, between, after = _around(weights, dtype, exact, omitted, *self.kind())
        text = f"{before}{_text_written(self.prompt)}{between}{self.seed}{after}"
        return hashlib.sha256(text.encode()).hexdigest()

    def kind(self) -> tuple[Any, ...]:
        """All but prompt and seed, as one may look it up: most cells of a large sweep are of few kinds."""
        call, options = self.call, self.scheduler_options
        return (
            *_PLAIN(vars(self)),
            _TO_HASH(dict(call)) if call else "",
            _TO_HASH(dict(options)) if options else "",
        )

    def replace(self, **changes: Any) -> GenerationParams:
        """A copy with some fields changed, which are validated."""
        if not changes.keys() <= _INDEPENDENT or any(value is None for value in changes.values()):
            return replace(self, **changes)
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), **changes)
        for name in changes:
            twin._check(name)  # of the same class
        twin._check_negative()
        return twin

    @property
    def negative(self) -> str | None:
        """The negative prompt that the pipeline is called with; None if it is called without one."""
        return self.negative_prompt or self.call.get("negative_prompt")

    @property
    def guided(self) -> bool:
        """Whether the denoiser runs twice a step, with the prompt and without (guidance above 1)."""
        return self.guidance > 1

    def __hash__(self) -> int:
        return hash((self.prompt, self.seed, self.kind()))

    def _text(self, name: str) -> None:
        value = vars(self)[name]
        if not isinstance(value, str):
            raise InvalidInput(name, value, "text (put it in quotes)")
        if len(value) > PROMPT_LIMIT:
            raise InvalidInput(
                name, value, f"at most {PROMPT_LIMIT:,} characters (this has {len(value):,})"
            )
        if UNWRITABLE.search(value):
            raise InvalidInput(name, value, "text without NUL characters and lone surrogates")
        vars(self)[name] = stripped(value)

    def _integer(self, name: str, low: int, high: int) -> None:
        value = vars(self)[name]
        if isinstance(value, bool) or not isinstance(value, int):
            if not isinstance(value, float) or not value.is_integer():
                raise InvalidInput(name, value, _whole(name, low, high) + _unquoted(value))
            value = int(value)
            vars(self)[name] = value
        if not low <= value <= high:
            raise InvalidInput(name, value, _whole(name, low, high))

    def _number(self, name: str, low: float, high: float) -> None:
        value = vars(self)[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):  # nor NaN
            raise InvalidInput(name, value, f"a number from {low} to {high}{_unquoted(value)}")
        vars(self)[name] = float(value) + 0.0  # -0.0 is 0.0

    def _map(self, name: str) -> None:
        value = vars(self)[name]
        if type(value) is dict and not value:  # most cells of a large sweep
            vars(self)[name] = _NOTHING
            return
        if not isinstance(value, Mapping) or not all(
            isinstance(k, str) and k.isidentifier() for k in value
        ):
            raise InvalidInput(name, value, "a map from argument names to values")
        own = (FIELDS | set(SPELLINGS) | _MANAGED) - (
            {"negative_prompt"} if name == "call" else set()
        )
        clash = sorted(own.intersection(value))
        if clash:
            raise InvalidInput(
                f"{name}.{clash[0]}", value[clash[0]], "other names; this one is dwlab's own to set"
            )
        plain = {k: _plain(f"{name}.{k}", inside) for k, inside in value.items()}
        if name == "call":
            _check_call_negative(plain)
        vars(self)[name] = MappingProxyType(plain) if plain else _NOTHING

    def _check_negative(self) -> None:
        """Raise InvalidInput for an empty negative prompt beside one that is not."""
        if self.negative_prompt and "negative_prompt" in self.call:
            raise InvalidInput(
                "call.negative_prompt",
                "",
                f"left out beside negative_prompt: {self.negative_prompt!r}",
            )


def _check_call_negative(call: dict[str, Any]) -> None:
    """Let `call` say that the negative prompt is an empty text; nothing (null, on an axis) says that there is none."""
    if call.get("negative_prompt") is None:
        call.pop("negative_prompt", None)
    elif call["negative_prompt"] != "":
        raise InvalidInput(
            "call.negative_prompt", call["negative_prompt"],
            '"" for an empty text where stock would be called without one; any other goes into negative_prompt',
        )  # fmt: skip


def stripped(text: str) -> str:
    """A prompt without the white space around it, and with plain line ends: what is drawn, and what its key is of.

    A file's last line end, or another system's, would make a second key for the same picture.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def _plain(field: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(field, value, "values that JSON can hold (no NaN, no objects)") from None


def _unquoted(value: Any) -> str:
    return ", without quotes" if isinstance(value, str) and value[:1].isdigit() else ""


def _whole(name: str, low: int, high: int) -> str:
    """What a whole number may be; for a seed also what other tools' -1 is called here."""
    allowed = f"a whole number from {low} to {high}"
    return (
        f"{allowed}; leave it out for 0, or write `seed: random` in a sweep to draw one"
        if name == "seed"
        else allowed
    )


FIELDS = frozenset(f.name for f in fields(GenerationParams))
ENTANGLED = frozenset(
    {"model", "scheduler", "scheduler_options"}
)  # fields that decide what others may be, or are
_INDEPENDENT = FIELDS - ENTANGLED
_MAPS = ("call", "scheduler_options")
_PLAIN_NAMES = tuple(sorted(FIELDS - {"prompt", "seed", *_MAPS}))
_PLAIN = itemgetter(*_PLAIN_NAMES)
# arguments of a pipeline's call that dwlab itself sets
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


_text_written = functools.lru_cache(_TO_HASH)  # prompts repeat from cell to cell


@functools.lru_cache(maxsize=4096)
def _around(weights: str, dtype: str, exact: int | None, omitted: bool, *kind: Any) -> list[str]:
    """The JSON text that a key is the hash of, for all cells of a kind: before the prompt, then up to the seed, and after it."""
    *plain, call, options = kind
    asked = dict(zip(_PLAIN_NAMES, plain, strict=True)) | {
        name: json.loads(text) for name, text in zip(_MAPS, (call, options), strict=True) if text
    }
    said = {k: v for k, v in asked.items() if k not in ("model", "dtype") and v not in (None, "")}
    gap = float("nan")  # which parameters cannot hold
    document = {"dtype": dtype, "params": {**said, "prompt": gap, "seed": gap}, "weights": weights}
    if exact:
        document["mode"] = mode(exact)
    if (
        omitted
    ):  # before, an empty text was passed: the keys of those pictures are not to be taken for these
        document["negative_prompt"] = "omitted"
    text = _TO_HASH(document)
    return re.split(
        '(?<="prompt":)NaN|(?<="seed":)NaN', text
    )  # within a text its quotes would be escaped


def alike(asked: Sequence[GenerationParams]) -> list[tuple[GenerationParams, int]]:
    """One of each kind (see `GenerationParams.kind`), with how many there are."""
    kinds = [one.kind() for one in asked]
    examples = dict(zip(kinds, asked, strict=True))
    return [(examples[kind], count) for kind, count in Counter(kinds).items()]


def mode(exact: int | None) -> str:
    """What a row says of how its picture was computed: `close`, or `exact:` and the rows that each forward had.

    Raises InvalidInput for a number of rows that cannot be.
    """
    if exact is None:
        return "close"
    if isinstance(exact, bool) or not isinstance(exact, int) or not 2 <= exact <= 1024:
        raise InvalidInput(
            "exact", exact, "a whole number from 2 to 1024: the rows of each forward"
        )
    return f"exact:{exact}"


def spelled(given: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """The entries of a map under dwlab's own names; raises InvalidInput, below `place`, for a name given twice."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        own = SPELLINGS.get(name, name)
        if own in found:
            field = f"{place}.{name}" if place else name
            raise InvalidInput(field, value, f"one spelling only: {own} is given twice")
        found[own] = value
    return found


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` under dwlab's own names; raises InvalidInput for an unknown or doubly given one."""
    for name, value in values.items():
        if SPELLINGS.get(name, name) not in FIELDS:
            allowed = f"one of {', '.join(sorted(FIELDS))} (other arguments of the pipeline go into call:)"
            raise InvalidInput(name, value, foreign_names.instead_of(name) or allowed)
    return spelled(values)
