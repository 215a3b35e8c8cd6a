"""The API's words: what a request may say, and what the answers hold. They are the OpenAPI document."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .._util.checks import as_whole_number
from ..errors import InvalidInput, shortened
from ..paths import network_name
from ..spec import foreign_names, schedulers
from ..spec.names import under_own_names
from ..spec.params import GenerationParams
from ..spec.prompt_text import PROMPT_LIMIT, UNWRITABLE
from .jobs import job_queue as jobs
from .prometheus_metrics import EXPERIMENT
from .requests import json_text as documents
from .requests import offered_models as offers
from .requests import seed_text as seeds

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from .jobs.job_queue import Job
    from .settings import Settings

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
LISTED_TEXT = 200  # characters of a text in a list
FIRST: dict[str, Any] = {  # the first request of the back end that dwlab grew from
    "prompt": "A serene mountain landscape at sunset with a lake, highly detailed, 4k",
    "width": 512, "height": 512, "num_inference_steps": 25, "guidance_scale": 7.5, "seed": 42,
}  # fmt: skip


class GenerateRequest(BaseModel):
    """What to draw. What is left out is the model's own; `steps` and `guidance` are short for diffusers' names."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [FIRST]})

    prompt: str = Field(max_length=PROMPT_LIMIT)
    negative_prompt: str = Field("", max_length=PROMPT_LIMIT)
    num_inference_steps: int | None = Field(None, ge=1, le=1000)
    steps: int | None = Field(None, ge=1, le=1000)
    guidance_scale: float | None = Field(None, ge=0, le=100)
    guidance: float | None = Field(None, ge=0, le=100)
    seed: seeds.Seed | None = Field(
        None, description=f"{seeds.WORDS}; drawn at random if it is left out"
    )
    width: int | None = Field(None, ge=8, le=8192, description="pixels, a multiple of 8")
    height: int | None = Field(None, ge=8, le=8192, description="pixels, a multiple of 8")
    model: str | None = Field(None, max_length=500)
    scheduler: str | None = Field(
        None, max_length=100, description="a diffusers class, or a name like DPM++ 2M Karras"
    )
    num_images: int = Field(1, ge=1, le=64, description="with this seed, the next, and so on")

    @classmethod
    def read(cls, body: bytes) -> Self:
        """The request in a JSON text; raises InvalidInput, which names the field."""
        given = documents.read(documents.text_of(body))
        if not isinstance(given, dict):
            raise InvalidInput("the body", given, 'a map, like {"prompt": "a red star"}')
        for name, value in given.items():
            if name not in cls.model_fields:
                raise InvalidInput(
                    name,
                    value,
                    foreign_names.instead_of(name) or f"one of {', '.join(cls.model_fields)}",
                )
            if isinstance(value, str) and UNWRITABLE.search(value):
                raise InvalidInput(name, value, "text without NUL characters and lone surrogates")
            given[name] = as_whole_number(value)  # as everywhere, 512.0 is 512
        try:
            return cls.model_validate(given, strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            field = str(problem["loc"][0])
            raise InvalidInput(
                field, given.get(field), _allowed(cls.model_fields[field], given.get(field))
            ) from None

    def params(self, settings: Settings) -> list[GenerationParams]:
        """The recipes asked for; raises InvalidInput for what this server does not do."""
        given = self.model_dump(exclude_none=True, exclude={"num_images", "seed"})
        values = {"model": settings.model, **under_own_names(given)}
        offers.check(values["model"], settings)
        seed = secrets.randbelow(2**32) if self.seed is None else self.seed
        if self.num_images > settings.max_images:
            raise InvalidInput("num_images", self.num_images, f"at most {settings.max_images}")
        made = [GenerationParams(**values, seed=(seed + k) % 2**63) for k in range(self.num_images)]
        check_work(made[0], settings)
        return made


def _allowed(field: FieldInfo, value: Any) -> str:
    """What a field of a request may hold, in words."""
    bounds = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "max_length")
        if hasattr(rule, name)
    }
    if not bounds:
        return str(field.description)
    if "max_length" in bounds:
        length = f" (this has {len(value):,})" if isinstance(value, str) else ""
        return f"text of at most {bounds['max_length']:,} characters{length}"
    kind = "a number" if "float" in str(field.annotation) else "a whole number"
    unquoted = ", without quotes" if isinstance(value, str) else ""
    return f"{kind} from {bounds['ge']} to {bounds['le']}{unquoted}"


def check_work(params: GenerationParams, settings: Settings) -> None:
    """Raise InvalidInput for a picture that costs more than this server gives."""
    if params.steps > settings.max_steps:
        raise InvalidInput("steps", params.steps, f"at most {settings.max_steps} on this server")
    if (params.width or 8) * (params.height or 8) > settings.max_pixels:
        raise InvalidInput(
            "width", params.width, f"at most {settings.max_pixels:,} pixels on this server"
        )


class Accepted(BaseModel):
    """A job that was taken in, or that was there before."""

    job_id: str
    status: Status
    status_url: str
    events_url: str
    seed: str | None = Field(
        None, description="of the first picture, as decimal text: a browser would round a number"
    )


class Progress(BaseModel):
    """Steps done, of steps in all (pictures, for a sweep)."""

    step: int
    steps: int
    seconds_left: float | None = Field(
        None, description="an estimate, of a job that runs and has made its first steps"
    )


class JobStatus(BaseModel):
    """How far a job is. image_url: its first picture; images: all that are finished, of a sweep once it is over.

    parameters: what was asked for, seeds as decimal text; it can be posted again.
    """

    job_id: str
    kind: Literal["generate", "sweep"]
    status: Status
    created: str
    experiment: str = Field(
        description="what its pictures belong to: `dwlab table EXPERIMENT` lists them"
    )
    progress: Progress
    image_url: str | None
    images: list[str]
    parameters: dict[str, Any]
    seconds: float | None
    attempts: int
    counts: dict[str, int] | None = Field(
        None, description="of a sweep: total, reused, made, failed, nan (broken)"
    )
    error: str | None
    warning: str | None = Field(
        None,
        description="of pictures that were made, but of values that are no finite numbers (NaN)",
    )


class JobSummary(BaseModel):
    """A job in a list; its own page, `/api/status/{job_id}`, has the rest.

    images: the first 16 of `image_count`. parameters: of pictures the recipe, its texts and the error cut at 200 characters; of a
    sweep its name and model.
    """

    job_id: str
    kind: Literal["generate", "sweep"]
    status: Status
    created: str
    experiment: str
    progress: Progress
    image_url: str | None
    images: list[str]
    image_count: int
    parameters: dict[str, Any]
    seconds: float | None
    attempts: int
    counts: dict[str, int] | None
    error: str | None
    warning: str | None


class JobList(BaseModel):
    """Jobs, the newest first, in summary."""

    jobs: list[JobSummary]


class Limits(BaseModel):
    """What may be asked of a model."""

    width: int | None
    height: int | None
    side_min: int
    side_max: int
    max_pixels: int
    steps: int
    max_steps: int
    guidance: float
    max_images: int


class ModelEntry(BaseModel):
    """One model. width, height, steps, guidance of its limits: what it takes where a request leaves them out."""

    id: str
    name: str
    family: str
    loaded: bool
    default: bool
    here: bool = Field(
        description="whether its files are on this machine; the default's may still be on their way"
    )
    limits: Limits


class ModelList(BaseModel):
    """The models of this server."""

    models: list[ModelEntry]


class Queue(BaseModel):
    """Jobs that wait, and jobs that are being done."""

    queued: int
    running: int


class Health(BaseModel):
    """How the server is."""

    status: Literal["healthy", "unhealthy"]
    model_loaded: bool
    model: str
    device: str
    queue: Queue
    version: str
    uptime_seconds: float


class Welcome(BaseModel):
    """Where things are."""

    name: str
    version: str
    docs: str
    ui: str
    endpoints: list[str]


class Problem(BaseModel):
    """What is wrong with a request, and what would do."""

    detail: str
    field: str | None = None


def recipes_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The recipes of a job's pictures. A prompt is stored once: the others of `num_images` differ in their seed."""
    recipes: list[dict[str, Any]] = request.get("params") or [{}]
    first = recipes[0]
    more = range(len(recipes), request.get("num_images", 1))
    return [*recipes, *(first | {"seed": (first["seed"] + k) % 2**63} for k in more)]


def status_of(
    job: Job,
    step: int = 0,
    steps: int = 0,
    images: list[str] | None = None,
    left: float | None = None,
) -> JobStatus:
    """A job as the API says it; step, steps, left: how far its run is and how many seconds it still takes, if known."""
    sweep = job.request.get("sweep")
    recipes = recipes_of(job.request)
    total = steps or (0 if sweep else sum(recipe.get("steps", 0) for recipe in recipes))
    if job.status == "completed":
        total = job.result.get("counts", {}).get("total", total)
        step = total
    found = job.result.get("images") or images or []
    return JobStatus(
        job_id=job.id,
        kind="sweep" if sweep else "generate",
        status=job.status,  # type: ignore[arg-type]  # the store holds no other words
        created=job.created,
        experiment=network_name(sweep["name"]) if sweep else EXPERIMENT,
        progress=_progress(job, step, total, left),
        image_url=found[0] if found else None,
        images=found,
        parameters=seeds.as_text(sweep) if sweep else _parameters(recipes),
        seconds=None if job.seconds is None else round(job.seconds, 3),
        attempts=job.attempts,
        counts=job.result.get("counts"),
        error=job.error,
        warning=job.result.get("warning"),
    )


def summary_of(
    job: jobs.JobSummary,
    step: int = 0,
    steps: int = 0,
    images: list[str] | None = None,
    left: float | None = None,
) -> JobSummary:
    """A job as a list says it; step, steps, left: see `status_of`."""
    recipe, asked = job.recipe or {}, job.asked or 1
    total = steps or recipe.get("steps", 0) * asked
    if job.status == "completed":
        total = (job.counts or {}).get("total", total)
        step = total
    shown = (job.images or images or [])[: jobs.LISTED_IMAGES]
    parameters = (
        {"name": job.name, "model": job.model or "shapes"}
        if job.name
        else _parameters([recipe] * asked)
    )
    return JobSummary(
        job_id=job.id,
        kind="sweep" if job.name else "generate",
        status=job.status,  # type: ignore[arg-type]  # as above
        created=job.created,
        experiment=network_name(job.name) if job.name else EXPERIMENT,
        progress=_progress(job, step, total, left),
        image_url=shown[0] if shown else None,
        images=shown,
        image_count=job.image_count or len(images or ()),
        parameters={name: _cut(value) for name, value in parameters.items()},
        seconds=None if job.seconds is None else round(job.seconds, 3),
        attempts=job.attempts,
        counts=job.counts,
        error=_cut(job.error),
        warning=job.warning,
    )


def _progress(job: Job | jobs.JobSummary, step: int, steps: int, left: float | None) -> Progress:
    known = left if job.status == "running" else None
    return Progress(step=step, steps=steps, seconds_left=None if known is None else round(known, 1))


def _cut(value: Any) -> Any:
    return shortened(value, LISTED_TEXT) if isinstance(value, str) else value


def _parameters(recipes: list[dict[str, Any]]) -> dict[str, Any]:
    """What pictures were asked for, in the words of a request; a scheduler's name says its options where it can."""
    first = dict(recipes[0])
    options = first.get("scheduler_options", {})
    name = schedulers.display_name(first.get("scheduler", ""), options)
    if name in schedulers.ALIASES:
        first["scheduler"] = name
        first.pop("scheduler_options", None)
    return first | {"seed": seeds.text(first.get("seed")), "num_images": len(recipes)}
