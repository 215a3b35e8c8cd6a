"""The application: routes on one side, the store's jobs and the worker on the other."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib.resources
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import FastAPI, Header, HTTPException, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse

from .. import __version__
from ..errors import NotDownloaded
from ..models.identity import is_here
from ..paths import project_results
from ..pictures.not_finite import nan_warning
from ..runs.resolve import identify_all, resolve
from ..spec import catalog
from ..spec.compute import Compute
from ..store.images import is_whole
from ..store.store import Store
from . import error_handlers as problems
from . import schemas
from .access.middleware import JSON, YAML, Guard, policy
from .events.event_log import LAST, Feed
from .jobs.job_queue import ENDED, Job, Jobs, JobSummary
from .prometheus_metrics import EXPERIMENT, Metrics
from .requests import offered_models as offers
from .requests import seed_text as seeds
from .requests import sweep_request as sweep_requests
from .worker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
HEALTH_SECONDS = 0.05  # that the store may take to count; then the last counts stand
HERE = Path(__file__).parent


class Desk:
    """The store for the routes: one thread with one connection, so that no request waits for another's commit in SQLite."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.counts = {"queued": 0, "running": 0}
        self._root, self._settings = root, settings
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="dwlab-desk")
        self._store: Store | None = None

    async def do(self, work: Callable[[Jobs, Store], T]) -> T:
        """The result of `work` on the desk's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)

    def _do(self, work: Callable[[Jobs, Store], T]) -> T:
        if self._store is None:
            self._store = Store(self._root)
        limits = self._settings
        jobs = Jobs(
            self._store.file, lease=limits.lease, attempts=limits.attempts, queue=limits.queue_limit,
            kept=int(limits.keep_jobs_mb * 1e6),
        )  # fmt: skip
        return work(jobs, self._store)

    async def count(self) -> dict[str, int]:
        """Jobs by status; of a moment ago where the store is busy."""
        counting = asyncio.ensure_future(self.do(lambda jobs, _: jobs.counts()))
        counting.add_done_callback(self._counted)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(counting), HEALTH_SECONDS)
        return self.counts

    def _counted(self, counting: asyncio.Future[dict[str, int]]) -> None:
        """Keep the counts, also those that came too late for who asked."""
        if not counting.cancelled() and counting.exception() is None:
            self.counts = counting.result()

    def close(self) -> None:
        """Close the store after what is under way."""
        if self._store is not None:
            self._pool.submit(self._store.close)
        self._pool.shutdown()


class Server:
    """What the routes share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = project_results(settings.results)
        self.began = time.monotonic()
        self.metrics, self.feed, self.closing = Metrics(), Feed(), asyncio.Event()
        self.desk = Desk(self.root, settings)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="dwlab-reader")
        self.worker = Worker(self.root, settings, self.feed, self.metrics)
        self._stopping = threading.Thread(
            target=self.worker.stop,
            args=(settings.shutdown_seconds,),
            name="dwlab-stop",
            daemon=True,
        )

    def begin_stop(self) -> None:
        """Take no more jobs, end the event streams, and let what runs have its time, which begins now; returns at once."""
        if not self.closing.is_set():
            self.closing.set()
            self._stopping.start()

    @contextlib.asynccontextmanager
    async def running(self, _: FastAPI) -> AsyncIterator[None]:
        """The worker runs while the application does; what it has not finished then goes back into the queue."""
        await self.desk.count()
        self.worker.start()
        yield
        self.begin_stop()
        await asyncio.to_thread(self._stopping.join)
        self._reader.shutdown(cancel_futures=True)
        self.desk.close()

    async def read(self, work: Callable[[], T]) -> T:
        """The result of reading a large body: one at a time, so that many take no more memory than one."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    def submit(
        self, request: dict[str, Any], params: list[Any], key: str | None, said: str
    ) -> Callable[..., Job]:
        """What the desk does to take a job in; pictures that are all there already make it completed at once."""
        fingerprint = hashlib.sha256(said.encode()).hexdigest()

        def work(jobs: Jobs, store: Store) -> Job:
            result = self._known(store, params) if params and self.worker.ready else None
            alike = None
            if params:
                first = params[0]  # the others differ in their seed
                alike = f"{first.model} {first.dtype} {first.width}x{first.height}"
            job, new = jobs.submit(
                request, alike=alike, idempotency=key, fingerprint=fingerprint, result=result
            )
            if new and result is not None:
                self.metrics.pictures.labels("reused").inc(len(params))
                self.metrics.jobs.labels("completed").inc()
            return job

        return work

    def _known(self, store: Store, params: list[Any]) -> dict[str, Any] | None:
        """The result of recipes whose pictures are all there, and are the latest then; raises InvalidInput for what cannot be."""
        try:
            compute = Compute(device=self.settings.device)
            identities = identify_all(params, compute, download=False)
        except NotDownloaded:
            return None
        keys = [cell.key for cell in resolve(params, identities)]
        images = {row["key"]: row["image"] for row in store.finished(keys)}
        if not all(key in images and is_whole(self.root / images[key]) for key in keys):
            return None
        store.enter(EXPERIMENT, {"name": EXPERIMENT}, 0)
        store.append(EXPERIMENT, keys)  # asked for lately, as clean-up shall see
        warning = nan_warning(store.nan_shares(keys), len(keys))
        return {"keys": keys, "images": [f"/{images[key]}" for key in keys], "warning": warning}

    def status(self, job: Job) -> schemas.JobStatus:
        """A job, with how far its run is where it runs here."""
        return schemas.status_of(job, *self._reached(job))

    def summary(self, job: JobSummary) -> schemas.JobSummary:
        """As `status`, for a list."""
        return schemas.summary_of(job, *self._reached(job))

    def _reached(self, job: Job | JobSummary) -> tuple[int, int, list[str], float | None]:
        kept = self.feed.of(job.id) if job.status != "queued" else None
        return (kept.step, kept.steps, kept.images, kept.left) if kept else (0, 0, [], None)


def make_app(settings: Settings) -> FastAPI:
    """The application of these settings; it starts its worker when it is started."""
    server = Server(settings)
    app = FastAPI(
        title="dwlab", version=__version__, docs_url=None, redoc_url=None, lifespan=server.running,
        description="Pictures from text, as jobs: post a prompt, poll or follow it, show the picture.",
    )  # fmt: skip
    app.state.server = server
    problems.explain(app)
    _add_api(app, server)
    _add_pages(app)
    app.add_middleware(Guard, settings=settings, metrics=server.metrics)
    app.add_middleware(
        CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        expose_headers=["Retry-After"],
    )  # fmt: skip
    return app


def _add_api(app: FastAPI, server: Server) -> None:  # noqa: C901, PLR0915  # one short function a route
    settings, desk = server.settings, server.desk

    async def find(job_id: str) -> Job:
        job = await desk.do(lambda jobs, _: jobs.get(job_id))
        if job is None:
            raise HTTPException(404, "there is no such job")
        return job

    def accepted(job: Job) -> schemas.Accepted:
        server.worker.wake()
        recipes = job.request.get("params") or [{}]
        return schemas.Accepted(
            job_id=job.id, status=job.status,  # type: ignore[arg-type]  # the store holds no other words
            status_url=f"/api/status/{job.id}", events_url=f"/api/events/{job.id}",
            seed=seeds.text(recipes[0].get("seed")),
        )  # fmt: skip

    @app.get("/", responses=problems.of())
    async def root() -> schemas.Welcome:
        """What this is, and what it has."""
        paths = app.openapi()["paths"]
        endpoints = [
            f"{method.upper()} {path}" for path, methods in paths.items() for method in methods
        ]
        return schemas.Welcome(
            name="dwlab", version=__version__, docs="/docs", ui="/ui", endpoints=endpoints
        )

    @app.get("/api/health", responses=problems.of())
    async def health() -> schemas.Health:
        """How the server is; answers at once, however much there is to do."""
        counts, worker = await desk.count(), server.worker
        return schemas.Health(
            status="healthy" if worker.alive else "unhealthy",
            model_loaded=worker.loaded is not None,
            model=worker.loaded or settings.model,
            device=worker.device,
            queue=schemas.Queue(queued=counts["queued"], running=counts["running"]),
            version=__version__,
            uptime_seconds=round(time.monotonic() - server.began, 1),
        )

    @app.get("/api/models", responses=problems.of(422))
    def list_models() -> schemas.ModelList:
        """The models that can be asked for."""
        return schemas.ModelList(models=[_model(name, server) for name in offers.names(settings)])

    body = {
        "required": True,
        "content": {JSON[0]: {"schema": schemas.GenerateRequest.model_json_schema()}},
    }

    @app.post(
        "/api/generate", status_code=202, responses=problems.of(409, 415, 422, 429), openapi_extra={"requestBody": body}
    )  # fmt: skip
    async def generate(
        request: Request,
        idempotency_key: Annotated[str | None, Header(max_length=255, min_length=1)] = None,
    ) -> schemas.Accepted:
        """Ask for pictures. With an `Idempotency-Key` a request that is sent again gives the job that it gave before."""
        asked = await asyncio.to_thread(schemas.GenerateRequest.read, await request.body())
        params = await asyncio.to_thread(
            asked.params, settings
        )  # which may look for a model on the disk
        made = {"params": [params[0].as_dict()], "num_images": len(params)}
        return accepted(
            await desk.do(server.submit(made, params, idempotency_key, asked.model_dump_json()))
        )

    sweep_body = {
        "required": True,
        "content": {kind: {"schema": sweep_requests.SCHEMA} for kind in (JSON[0], YAML[0])},
    }

    @app.post(
        "/api/sweeps", status_code=202, responses=problems.of(409, 415, 422, 429), openapi_extra={"requestBody": sweep_body}
    )  # fmt: skip
    async def sweep(
        request: Request,
        idempotency_key: Annotated[str | None, Header(max_length=255, min_length=1)] = None,
    ) -> schemas.Accepted:
        """Run a sweep, given as an experiment file's YAML or the same as JSON; its pictures are the experiment's."""
        body = await request.body()
        yaml = request.headers["content-type"].partition(";")[0].strip().lower() in YAML
        made, text = await server.read(functools.partial(sweep_requests.read, body, yaml, settings))
        return accepted(await desk.do(server.submit({"sweep": made}, [], idempotency_key, text)))

    @app.get("/api/status/{job_id}", responses=problems.of(404, 422))
    async def status(job_id: str) -> schemas.JobStatus:
        """How far a job is, and its pictures once it is done."""
        return server.status(await find(job_id))

    @app.get("/api/jobs", responses=problems.of(422))
    async def jobs(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
        status: schemas.Status | None = None,
    ) -> schemas.JobList:
        """The jobs, the newest first, in summary: `/api/status/{job_id}` has all of one."""
        found = await desk.do(lambda jobs, _: jobs.newest(limit, offset, status))
        return schemas.JobList(jobs=[server.summary(job) for job in found])

    @app.delete("/api/jobs/{job_id}", responses=problems.of(404, 422, 429))
    async def cancel(job_id: str) -> schemas.JobStatus:
        """Cancel a job: one that waits never begins, one that runs stops within a step; one that is over stays as it is."""
        job = await desk.do(lambda jobs, _: jobs.cancel(job_id))
        if job is None:
            raise HTTPException(404, "there is no such job")
        server.worker.drop(job.id)
        return server.status(job)

    @app.get(
        "/api/events/{job_id}", response_class=StreamingResponse,
        responses={**problems.of(404, 422), 200: {"content": {"text/event-stream": {}}}, 204: {"description": "all was seen"}},
    )  # fmt: skip
    async def events(
        job_id: str, last_event_id: Annotated[str, Header(max_length=100)] = ""
    ) -> Response:
        """A job's events as they happen: started, step (at times with a preview), done, failed; `end` comes last.

        After a lost connection, Last-Event-ID goes on where it was.
        """
        if await desk.do(lambda jobs, _: jobs.status(job_id)) is None:
            raise HTTPException(404, "there is no such job")
        if last_event_id == LAST:
            return Response(status_code=204)  # an EventSource comes back no more

        async def ending() -> dict[str, Any] | None:
            state = await desk.do(lambda jobs, _: jobs.status(job_id))
            if state is None:
                return {}
            return server.status(await find(job_id)).model_dump() if state in ENDED else None

        stream = server.feed.follow(job_id, last_event_id, ending, server.closing)
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @app.get(
        "/images/{folder}/{name}", response_class=FileResponse,
        responses={**problems.of(404, 422), 200: {"content": {"image/png": {}}}},
    )  # fmt: skip
    async def image(folder: str, name: str) -> Response:
        """A finished picture; it never changes, its name is its hash."""
        digest = name.removesuffix(".png")
        plain = (
            len(digest) == 64 and set(digest) <= set("0123456789abcdef") and folder == digest[:2]
        )
        path = server.root / "images" / folder / name
        if (
            not plain
            or name == digest
            or not await asyncio.to_thread(_served, server.root / "images", path)
        ):
            raise HTTPException(404, "there is no such picture")
        return FileResponse(
            path,
            media_type="image/png",
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )

    @app.get(
        "/metrics",
        response_class=Response,
        responses={**problems.of(), 200: {"content": {"text/plain": {}}}},
    )
    async def metrics() -> Response:
        """The server's numbers, for Prometheus."""
        return Response(
            server.metrics.text(await desk.count()),
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )


def _served(images: Path, path: Path) -> bool:
    """Whether a picture is whole and lies in the folder of pictures: that folder may be a link, what is in it leads nowhere else."""
    inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(images))
    return inside and is_whole(path)


def _model(name: str, server: Server) -> schemas.ModelEntry:
    entry, settings = catalog.lookup(name), server.settings
    limits = schemas.Limits(
        width=entry.width, height=entry.height, side_min=entry.side_min, side_max=entry.side_max,
        max_pixels=settings.max_pixels, steps=entry.steps, max_steps=settings.max_steps, guidance=entry.guidance,
        max_images=settings.max_images,
    )  # fmt: skip
    return schemas.ModelEntry(
        id=name, name=Path(name).name, family=entry.family, loaded=server.worker.loaded == name,
        default=name == settings.model, here=is_here(name), limits=limits,
    )  # fmt: skip


def _add_pages(app: FastAPI) -> None:
    """/ui and /docs: own pages, and swagger-ui's files from a package, so that nothing is fetched from elsewhere."""
    assets = Path(str(importlib.resources.files("fastapi_offline"))) / "static"
    pages = {name: (HERE / f"{name}.html").read_text("utf-8") for name in ("ui", "docs")}
    inline = {"ui": "", "docs": "'unsafe-inline'"}  # swagger-ui styles its own elements

    def page(name: str) -> Callable[[], HTMLResponse]:
        headers = {"Content-Security-Policy": policy(pages[name], inline[name])}
        return lambda: HTMLResponse(pages[name], headers=headers)

    for name in pages:
        app.add_api_route(f"/{name}", page(name), include_in_schema=False, methods=["GET"])

    def asset(name: str) -> FileResponse:
        if name not in ("swagger-ui-bundle.js", "swagger-ui.css"):
            raise HTTPException(404, "there is no such file")
        return FileResponse(assets / name)

    app.add_api_route("/docs/{name}", asset, include_in_schema=False, methods=["GET"])
