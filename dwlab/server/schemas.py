"""What the API answers: the models of its OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["queued", "running", "completed", "failed", "cancelled"]


class Accepted(BaseModel):
    """A job that was accepted, or that the same request had made before."""

    job_id: str
    status: Status
    status_url: str
    events_url: str
    seed: str | None = Field(
        None, description="of the first picture, as decimal text: a browser would round a number"
    )


class StoredInput(BaseModel):
    """A picture that requests can start from."""

    image: str = Field(description="its name: what `image` and `mask` of a request take")
    width: int
    height: int


class JobProgress(BaseModel):
    """Steps done, of steps in all; for a sweep, pictures."""

    step: int
    steps: int
    seconds_left: float | None = Field(
        None, description="an estimate, once a job has made its first steps"
    )


class JobStatus(BaseModel):
    """How far a job is. image_url: its first picture; images: all that are finished.

    The pictures of a sweep are listed once it is over. parameters: what was requested, with seeds
    as decimal text; they can be posted again.
    """

    job_id: str
    kind: Literal["generate", "sweep"]
    status: Status
    created: str
    experiment: str = Field(
        description="its pictures belong to it: `dwlab table EXPERIMENT` lists them"
    )
    progress: JobProgress
    image_url: str | None
    images: list[str]
    parameters: dict[str, Any]
    automatic: list[str] = Field(
        description="parameters that the request left to the model, and `seed` if it was drawn"
    )
    seconds: float | None
    attempts: int
    counts: dict[str, int] | None = Field(
        None, description="of a sweep: total, reused, made, failed, nan (broken)"
    )
    error: str | None
    warning: str | None = Field(
        None,
        description="about broken pictures, whose values are not finite numbers (NaN)",
    )
    found: list[str] | None = Field(
        None, description="of a sweep with a budget: its verdict, and what it spent"
    )


class JobSummary(BaseModel):
    """A job in a list; `/api/status/{job_id}` has the rest.

    images: the first 16 of `image_count`. parameters: the recipe of single pictures, or the name
    and model of a sweep. Texts, also that of the error, are cut at 200 characters.
    """

    job_id: str
    kind: Literal["generate", "sweep"]
    status: Status
    created: str
    experiment: str
    progress: JobProgress
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
    """Jobs in summary, newest first."""

    jobs: list[JobSummary]


class ModelLimits(BaseModel):
    """What a request may ask of a model."""

    width: int | None
    height: int | None
    side_min: int
    side_max: int
    max_pixels: int
    steps: int | None
    max_steps: int
    guidance: float | None
    max_images: int


class ModelEntry(BaseModel):
    """One model; its `limits` also have its defaults: width, height, steps and guidance."""

    id: str
    name: str
    family: str
    loaded: bool
    workers: list[str] = Field(description="names of those that used it since they are there")
    default: bool
    here: bool = Field(
        description="whether its files are on this machine; the default may still be downloading"
    )
    scheduler: str | None = Field(description="its own, which requests get that name none")
    schedulers: list[str] = Field(description="names of others that fit it")
    limits: ModelLimits


class ModelList(BaseModel):
    """The models that this server offers."""

    models: list[ModelEntry]


class QueueCounts(BaseModel):
    """How many jobs wait, and how many are being worked on."""

    queued: int
    running: int


class WorkerState(BaseModel):
    """What one device of the server does."""

    name: str
    device: str
    model: str | None = Field(description="that it used last")
    requests: int = Field(description="that it works on")
    sweep: str | None = Field(description="what it makes of a sweep, between requests")


class Health(BaseModel):
    """The state of the server."""

    status: Literal["healthy", "unhealthy"]
    model_loaded: bool
    model: str
    device: str
    queue: QueueCounts
    workers: list[WorkerState]
    version: str
    uptime_seconds: float


class Welcome(BaseModel):
    """What the server has, and where."""

    name: str
    version: str
    docs: str
    ui: str
    endpoints: list[str]


class Problem(BaseModel):
    """What is wrong with a request, and what is allowed."""

    detail: str
    field: str | None = None
