"""What a request for pictures may contain."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..._util.checks import as_whole_number
from ...errors import InvalidInput
from ...spec import foreign_names
from ...spec.inputs import BLUR_LIMIT, PADDING_LIMIT, PICTURES
from ...spec.names import under_own_names
from ...spec.params import GenerationParams
from ...spec.prompt_text import PROMPT_LIMIT, UNWRITABLE
from . import json_text, offered_models, own_code, seed_text, start_pictures
from .work_limits import check_work

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

    from ..settings import ServerSettings

# what a request may leave out, and then has all the same
AUTOMATIC = ("model", "scheduler", "steps", "guidance", "width", "height", "seed")
EXAMPLE: dict[str, Any] = {
    "prompt": "A serene mountain landscape at sunset with a lake, highly detailed, 4k",
    "width": 512,
    "height": 512,
    "num_inference_steps": 25,
    "guidance_scale": 7.5,
    "seed": 42,
}


class GenerateRequest(BaseModel):
    """The pictures to generate. What is left out is the model's default.

    `steps` and `guidance` are short for diffusers' names.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    prompt: str = Field(max_length=PROMPT_LIMIT)
    negative_prompt: str = Field("", max_length=PROMPT_LIMIT)
    num_inference_steps: int | None = Field(None, ge=1, le=1000)
    steps: int | None = Field(None, ge=1, le=1000)
    guidance_scale: float | None = Field(None, ge=0, le=100)
    guidance: float | None = Field(None, ge=0, le=100)
    seed: seed_text.Seed | None = Field(
        None, description=f"{seed_text.ALLOWED}; random if it is left out"
    )
    width: int | None = Field(None, ge=8, le=8192, description="pixels, a multiple of 8")
    height: int | None = Field(None, ge=8, le=8192, description="pixels, a multiple of 8")
    model: str | None = Field(None, max_length=500)
    scheduler: str | None = Field(
        None, max_length=100, description="a diffusers class, or a name like DPM++ 2M Karras"
    )
    image: str | None = Field(
        None, max_length=100, description="to start from: a name that /api/inputs answered"
    )
    mask: str | None = Field(
        None, max_length=100, description="white where `image` is made anew; a name like it"
    )
    strength: float | None = Field(None, ge=0, le=1, description="how much of `image` is made anew")
    mask_padding: int | None = Field(None, ge=0, le=PADDING_LIMIT, description="pixels")
    mask_blur: int | None = Field(None, ge=0, le=BLUR_LIMIT, description="pixels")
    long_prompt: Literal["truncate", "chunk", "error"] | None = Field(
        None,
        description="one of truncate, chunk, error: what becomes of a prompt that is longer than the "
        "model reads",
    )
    prompt_weighting: Literal["literal", "compel"] | None = Field(
        None, description="literal, or compel, which gives the `word` of `(word:1.2)` a weight"
    )
    accelerate: dict[str, Any] | None = Field(
        None, description='a map from accelerators to their settings, like {"guidance_every": 2}'
    )
    num_images: int = Field(1, ge=1, le=64, description="with this seed, the next, and so on")

    @classmethod
    def read(cls, body: bytes) -> Self:
        """The request in a JSON text; raises InvalidInput, which names the field."""
        values = json_text.parse(json_text.decode(body))
        if not isinstance(values, dict):
            raise InvalidInput("the body", values, 'a map, like {"prompt": "a red star"}')
        for name, value in values.items():
            cls._check_text(name, value)
            values[name] = as_whole_number(value)  # as everywhere, 512.0 is 512
        try:
            return cls.model_validate(values, strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            name = str(problem["loc"][0])
            allowed = _allowed(cls.model_fields[name], values.get(name))
            raise InvalidInput(name, values.get(name), allowed) from None

    @property
    def automatic(self) -> list[str]:
        """The parameters that are left to the model, and `seed` if one is drawn."""
        values = under_own_names(self.model_dump(exclude_none=True))
        return [name for name in AUTOMATIC if name not in values]

    @classmethod
    def _check_text(cls, name: str, value: object) -> None:
        """Refuse a name that is not a field, and text that cannot be stored."""
        if name not in cls.model_fields:
            allowed = foreign_names.instead_of(name) or f"one of {', '.join(cls.model_fields)}"
            raise InvalidInput(name, value, allowed)
        if isinstance(value, str) and UNWRITABLE.search(value):
            raise InvalidInput(name, value, "text without NUL characters and lone surrogates")

    def params(self, settings: ServerSettings, root: Path) -> list[GenerationParams]:
        """The requested recipes; raises InvalidInput for what this server does not do.

        root: the results folder, which holds the pictures that requests start from.
        """
        values = self.model_dump(exclude_none=True, exclude={"num_images", "seed"})
        values = {"model": settings.model, **under_own_names(values)}
        own_code.check_scheduler("scheduler", self.scheduler)
        offered_models.check(values["model"], settings)
        for name in PICTURES:
            start_pictures.check(name, values.get(name), root)
        if self.num_images > settings.max_images:
            raise InvalidInput("num_images", self.num_images, f"at most {settings.max_images}")
        first_seed = secrets.randbelow(2**32) if self.seed is None else self.seed
        recipes = []
        for offset in range(self.num_images):
            seed = (first_seed + offset) % 2**63
            recipes.append(GenerationParams(**values, seed=seed))
        check_work(recipes[0], settings)
        return recipes


def _allowed(field: FieldInfo, value: object) -> str:
    """What a field of a request may hold, in words."""
    bounds = _bounds(field)
    if not bounds:
        return str(field.description)
    if "max_length" in bounds:
        length = f" (this has {len(value):,})" if isinstance(value, str) else ""
        return f"text of at most {bounds['max_length']:,} characters{length}"
    kind = "a number" if "float" in str(field.annotation) else "a whole number"
    unquoted = ", without quotes" if isinstance(value, str) else ""
    return f"{kind} from {bounds['ge']} to {bounds['le']}{unquoted}"


def _bounds(field: FieldInfo) -> dict[str, int | float]:
    bounds = {}
    for rule in field.metadata:
        for name in ("ge", "le", "max_length"):
            if hasattr(rule, name):
                bounds[name] = getattr(rule, name)
    return bounds
