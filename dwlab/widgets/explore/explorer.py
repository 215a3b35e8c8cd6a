"""The prompt bench: controls, a picture that forms, a history to go back to. It shows and asks; it computes nothing."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..._util.checks import is_whole_number
from ..._util.durations import duration
from ..._util.html import data_uri
from ...errors import DwlabError, InvalidInput
from ...events import Done, Downloading, Failed, Started, Step
from ...models.identity import identify
from ...pictures import recipes
from ...pictures.picture import Picture
from ...runs.eta import Pace
from ...runs.keep import Reused
from ...runs.plan import Work
from ...runs.results import Results
from ...spec import catalog, schedulers
from ...spec.params import GenerationParams
from ...store.images import read_picture
from ...workflows.explore import NAME, Job, Session, differences, neighbours
from ..heartbeat import SCRIPT, connect
from ..parts import png, small_jpeg
from ..saved_state import Memory
from . import saved as remembered
from .sweep_form import SweepThis

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from PIL import Image

    from ...events import Event
    from ...runs.results import Table

HERE = Path(__file__).parent
FIELDS = (
    "prompt",
    "negative_prompt",
    "model",
    "scheduler",
    "steps",
    "guidance",
    "seed",
    "width",
    "height",
)
MAPS = ("call", "scheduler_options")  # parameters without fields; they travel as JSON in text
SWEPT = (
    "seed",
    "steps",
    "guidance",
    "scheduler",
    "width",
    "height",
    "negative_prompt",
)  # what can become an axis
MOST = 8  # pictures per run
SHOWN, THUMBNAIL = 512, 96  # pixels, at most
PAGE = 60  # pictures of the history that "Older" adds
TELL_EVERY = 0.2  # seconds between two moves of the progress bar or the previews
PAINT_EVERY = 2.0  # seconds between two views of a growing grid


def _synced(trait: Any) -> Any:
    return trait.tag(sync=True)


class Explorer(anywidget.AnyWidget):
    """A bench for prompts on one results folder.

    stream, execute: what computes pictures and sweeps, like `dwlab.stream` and `dwlab.workflows.sweep.execute`. count_tokens:
    like `dwlab.models.tokens.count_tokens`. project: the folder whose `experiments/` receives sweeps. `params`, `image` and
    `history` serve in the next cell. All that is shown is in traits, so that a reload of the page shows it again.
    """

    _esm = SCRIPT + (HERE / "page.js").read_text("utf-8")
    _css = HERE / "page.css"
    controls = _synced(traitlets.Dict())  # what stands in the fields
    offer = _synced(
        traitlets.Dict()
    )  # what can be chosen: models, schedulers, limits, fields without effect
    problems = _synced(traitlets.Dict())  # field -> what is wrong with it; "" is for the whole
    tokens = _synced(
        traitlets.Dict()
    )  # prompt, negative_prompt -> how many, the encoder's limit, characters it reads
    status = _synced(traitlets.Dict())  # text, tone, share of the work, jobs unfinished
    notice = _synced(
        traitlets.Unicode()
    )  # what must outlast a status that moves on; gone with the next action
    page = _synced(
        traitlets.Dict()
    )  # what only the page decides: the entry that is open or held, the sweep's form
    stage = _synced(traitlets.List())  # the pictures of the last run, as they form
    strip = _synced(traitlets.List())  # the history: what is pinned, then the newest
    older = _synced(traitlets.Bool())  # whether the history goes on
    pair = _synced(traitlets.Dict())  # two pictures and the parameters in which they differ
    plan = _synced(traitlets.Dict())  # the sweep that the controls would make
    form = _synced(
        traitlets.Dict()
    )  # what the sweep's form says: text, tone, its field, the page that asked
    sweeping = _synced(
        traitlets.Dict()
    )  # the sweep that runs, or ran last: name, text, tone, share, running, grid

    def __init__(
        self,
        *,
        root: Path,
        project: Path,
        stream: Callable[..., Iterator[Event]],
        execute: Callable[..., object],
        count_tokens: Callable[[str, str], tuple[int, int, int]],
        model: str = "shapes",
        device: str = "auto",
    ) -> None:
        super().__init__()
        self.root, self.project = root, project
        self._count_tokens = count_tokens
        self._session = Session(root, stream, execute, self._heard, device=device)
        self._pace, self._told, self._painted = Pace(0), 0.0, 0.0
        self._started = 0.0
        self._job: Job | None = None
        self._sweep = SweepThis(self)
        self._memory = Memory(root, f"explore {model}")
        self._limit = PAGE
        self._tiles: list[dict[str, Any]] = []  # the pictures of the run under way
        self._steps: dict[int, Step] = {}  # the last step of each that forms
        self._seen: dict[tuple[str, int], str] = {}  # pictures of the history as the page has them
        self._counting, self._looking = threading.Lock(), threading.Lock()
        self._fill(GenerationParams("", model=model))
        self._put_back(self._memory.load())
        self.observe(lambda _: self._check(), "controls")
        self.observe(lambda _: self._changed(), ["controls", "page"])
        self.on_msg(lambda _widget, content, buffers: self._asked(content, buffers))
        connect(self)
        self._check()
        self._look_back()
        self._say("")

    def __repr__(self) -> str:
        return f"Explorer(model={self.controls.get('model')!r}, pictures={len(self.strip)})"

    # -- for the next cell ---------------------------------------------------------------------

    @property
    def params(self) -> GenerationParams:
        """What the controls ask for; raises InvalidInput where a field is wrong."""
        return self.recipe()

    def recipe(self, without: Collection[str] = ()) -> GenerationParams:
        """What the controls ask for, those `without` left at the model's defaults; raises InvalidInput for a wrong field."""
        values = {name: value for name, value in self._values().items() if name not in without}
        return GenerationParams(**values)

    @property
    def image(self) -> Image.Image | None:
        """The newest picture that was made here, RGB; None before the first."""
        rows = self._session.history(1)
        return (
            read_picture(self.root / max(rows, key=lambda row: row["position"])["image"])
            if rows
            else None
        )

    @property
    def history(self) -> Table:
        """The table of all that was explored, newest first."""
        found = Results(self.root)
        return (found.table(NAME) if NAME in found.experiments() else found.table()[:0]).iloc[::-1]

    @property
    def session(self) -> Session:
        """What computes for the bench."""
        return self._session

    def close(self) -> None:
        """Stop what is under way, then close the widget."""
        self._session.close()
        super().close()

    # -- what outlasts the kernel --------------------------------------------------------------

    def _changed(self) -> None:
        self._sweep.forget_stale()
        self._memory.save({"controls": self.controls, "page": self.page})

    def _put_back(self, state: dict[str, Any]) -> None:
        """Put what stood in the fields before the kernel restarted into them, as far as it can stand there."""
        before = remembered.controls(state, self.controls)
        with contextlib.suppress(DwlabError):  # its model, perhaps, is gone
            self._fill(GenerationParams("", model=before["model"]))
            self.controls = before
        self.page = remembered.page(state)

    # -- controls ------------------------------------------------------------------------------

    def _values(self) -> dict[str, Any]:
        """The controls as parameters; an emptied number or list is the model's default."""
        given = {
            name: self.controls.get(name)
            for name in FIELDS
            if name not in self.offer.get("ignores", ())
        }
        values = {
            name: value
            for name, value in given.items()
            if value not in ("", None) or name == "prompt"
        }
        more = self.controls["more"]
        if more.get("scheduler") != self.controls.get("scheduler"):  # its options went with it
            more = {name: text for name, text in more.items() if name == "call"}
        if str(values.get("seed")).isdecimal():
            values["seed"] = int(values["seed"])
        maps = {name: json.loads(more[name]) for name in MAPS if name in more}
        if values.get("negative_prompt"):
            maps.get("call", {}).pop(
                "negative_prompt", None
            )  # a recipe's empty one, which the text replaces
        return {**maps, **values}

    def _fill(self, params: GenerationParams, *, locked: bool = False) -> None:
        """Show a recipe in the controls, and what its model lets one choose."""
        entry = catalog.lookup(params.model)
        sampler = schedulers.display_name(params.scheduler or "", dict(params.scheduler_options))
        self.offer = {
            "model": params.model,
            "models": list(
                dict.fromkeys([*catalog.DRAWING, *self.offer.get("models", ()), params.model])
            ),
            "schedulers": list(dict.fromkeys([sampler, *schedulers.ALIASES])),
            "sides": [entry.side_min, entry.side_max],
            "ignores": sorted(entry.ignores),
            "most": MOST,
            "swept": [name for name in SWEPT if name not in entry.ignores],
        }
        shown = {name: getattr(params, name) for name in FIELDS} | {
            "scheduler": sampler,
            "locked": locked,
        }
        shown["seed"] = str(params.seed)  # a page rounds numbers above 2^53: seeds travel as text
        maps = {"call": dict(params.call), "scheduler_options": dict(params.scheduler_options)}
        if sampler in schedulers.ALIASES:  # the name says them
            maps["scheduler_options"] = {}
        more = {
            name: json.dumps(values) for name, values in maps.items() if values
        }  # a page would make 1 of 1.0
        if more:
            said = {**maps["call"], **maps["scheduler_options"]}
            words = ", ".join(f"{name} {json.dumps(value)}" for name, value in said.items())
            more |= {"scheduler": sampler, "words": words}
        self.controls = {"count": self.controls.get("count", 1), **shown, "more": more}

    def _check(self) -> None:
        """Say below each field what is wrong with it, and count its tokens."""
        if self.controls.get("model") != self.offer["model"]:
            self._change_model()
        values = self._values()
        problems: dict[str, str] = {}
        for name in FIELDS:
            one = {k: v for k, v in values.items() if k in (name, "prompt", "model")}
            try:
                GenerationParams(**one)
            except InvalidInput as error:
                problems.setdefault(error.field, f"{error.allowed[0].upper()}{error.allowed[1:]}.")
            except DwlabError as error:
                problems["model"] = str(error)
        count = self.controls.get("count")
        if not is_whole_number(count) or not 1 <= count <= MOST:
            problems["count"] = f"A whole number from 1 to {MOST}."
        self.problems = problems
        threading.Thread(target=self._count, daemon=True).start()

    def _change_model(self) -> None:
        """Another model was chosen: its own steps, guidance, scheduler and size."""
        model = self.controls["model"]
        kept = {
            name: self.controls.get(name)
            for name in ("prompt", "negative_prompt", "seed", "locked")
        }
        with contextlib.suppress(DwlabError):
            self._fill(GenerationParams("", model=model))
            self.controls = {**self.controls, **kept}
        self.offer = {**self.offer, "model": model}

    def _count(self) -> None:
        with self._counting:  # the first time a tokenizer is read, which takes seconds
            found = {}
            for name in ("prompt", "negative_prompt"):
                with contextlib.suppress(DwlabError):
                    found[name] = self._count_tokens(
                        self.controls["model"], self.controls.get(name) or ""
                    )
            self.tokens = found

    # -- what the page asks --------------------------------------------------------------------

    def _asked(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """A message of the page: {"do": name, ...}; what goes wrong is said below the controls.

        `controls` and `page` in it are the fields as they stand: a change of theirs that was sent before can arrive after.
        """
        if "do" not in content:  # a sign of life is asked for, which is not the bench's to give
            return
        actions: dict[str, Callable[..., None]] = {
            "run": self._make, "cancel": self.cancel, "vary": self.vary, "restore": self.restore, "mark": self.mark,
            "compare": self.compare, "sweep": self._sweep.ask, "older": self.see_older,
        }  # fmt: skip
        actions["drop"] = lambda: self.drop(bytes(buffers[0]))
        given, said, self.notice = dict(content), "", ""
        try:
            self.controls = {**self.controls, **given.pop("controls", {})}
            self.page = {**self.page, **given.pop("page", {})}
            actions[given.pop("do")](**given)
        except (DwlabError, OSError) as error:
            said = str(error)
        self.problems = {
            **{k: v for k, v in self.problems.items() if k},
            **({"": said} if said else {}),
        }

    def run(self) -> None:
        """Make what the controls ask for, after what runs already."""
        if not self.controls.get("locked"):
            self.controls = {**self.controls, "seed": str(secrets.randbelow(2**32))}
        self._make()

    def _make(
        self,
    ) -> None:  # the page draws seeds itself: what is being typed there meanwhile stays
        if wrong := [name for name in self.problems if name]:
            raise InvalidInput("controls", wrong[0], "fields without a message below them")
        first = self.params
        self._session.make(
            [first.replace(seed=(first.seed + k) % 2**63) for k in range(self.controls["count"])]
        )
        self.status = {**self.status, "unfinished": self._session.unfinished}

    def cancel(self) -> None:
        """Stop within one step; what is finished stays."""
        if self._session.unfinished:
            self._say_of_job("Stopping …")
            self._session.cancel()

    def vary(self, key: str, along: str) -> None:
        """Make the neighbours of a picture in one direction."""
        self._session.make(neighbours(_recipe(self._session.row(key)), along))

    def restore(self, key: str) -> None:
        """Put the recipe of a picture into the controls."""
        row = self._session.row(key)
        self._fill(_recipe(row), locked=True)
        if not self._session.unfinished:  # else the stage is the run's
            self.stage = [self._entry(row)]

    def mark(self, key: str, mark: str, value: Any) -> None:
        """Pin, star, note or hide a picture."""
        self._session.mark(key, mark, value)
        self._look_back()

    def compare(self, keys: list[str]) -> None:
        """Show two pictures over each other, and what differs between their recipes; one or none takes it away."""
        rows = [self._session.row(key) for key in keys]
        if len(rows) != 2:
            self.pair = {}
            return
        changed = [
            (name, *map(_text, values))
            for name, *values in differences(*(json.loads(r["params"]) for r in rows))
        ]
        self.pair = {"pictures": [self._entry(row) for row in rows], "changed": changed}

    def drop(self, data: bytes) -> None:
        """Take the recipe out of a PNG; what this model cannot do is said."""
        recipe = recipes.read(data)
        params, left_out = recipe.fit(self.controls["model"], self._weights_of)
        self._fill(params, locked=True)
        of = "" if recipe.tool == recipes.OWN else f", of {recipe.tool},"
        said = (
            f" Left out, because this model or dwlab has nothing for it: {'; '.join(left_out)}."
            if left_out
            else ""
        )
        self._say_lasting(f"The recipe of the picture{of} is in the controls.{said}")

    def _weights_of(self, model: str) -> str:
        """The hash of a model's weights, if they are on this machine; else nothing."""
        with contextlib.suppress(DwlabError):
            return identify(model, self._session.device, download=False).weights
        return ""

    # -- a sweep of it -------------------------------------------------------------------------

    def sweep_this(self, name: str, axes: dict[str, str], action: str = "plan") -> None:
        """Turn chosen controls into axes: `plan` it, `write` its YAML file, or `run` it here."""
        self._sweep.make(name, axes, action)

    # -- what the session tells, on its thread -------------------------------------------------

    def _heard(self, kind: str, what: Any) -> None:
        if kind == "begin":
            self._begin(what)
        elif kind == "plan":
            self._pace = Pace(what)
        elif kind == "event":
            self._event(what)
        else:
            self._end(what)

    def _begin(self, job: Job) -> None:
        self._job, self._started, self._told = job, time.monotonic(), 0.0
        self._pace = Pace(Work.of(job.params))
        texts = [recipes.line(one.as_dict()) for one in job.params]
        self._tiles = [{"key": "", "src": "", "text": text, "state": "waiting"} for text in texts]
        if job.params:
            self.stage = list(self._tiles)
        here = all(catalog.lookup(one.model).local for one in job.params[:1])
        if job.sweep:
            self._sweep.begin(job.sweep)
        self._say_of_job(
            "Loading the model …" if here else "Loading the model, the first time from the hub …"
        )

    def _event(self, event: Event) -> None:
        if isinstance(event, Downloading):
            self._say_of_job(
                f"Downloading {event.download.model}, once: {event.download}",
                share=event.download.share,
            )
            return
        self._pace.update(event)
        if self._job is None or isinstance(event, Started):
            return
        if isinstance(event, Step):
            if self._job.params:
                self._steps[event.index] = event
            if time.monotonic() - self._told < TELL_EVERY:
                return
            self._tell(event)
            self._told = time.monotonic()
        elif self._job.sweep and time.monotonic() - self._painted > PAINT_EVERY:
            self._sweep.paint(self._job.sweep)
            self._painted = time.monotonic()
        if self._job.params:
            self._show(event)

    def _tell(self, event: Step) -> None:
        left = f", {text}" if (text := self._pace.left_text()) else ""
        done = f"{self._pace.finished} of {self._pace.total} pictures"
        text = f"Step {event.step} of {event.steps}" if self._pace.total == 1 else done
        self._say_of_job(text + left, share=self._pace.share)

    def _show(self, event: Step | Done | Failed) -> None:
        """Put what became of the pictures of this run on the stage: all that form, and the one that is finished."""
        if not isinstance(event, Step):
            self._steps.pop(event.index, None)
            self._tiles[event.index] = self._finished(event, self._tiles[event.index])
        for index, step in self._steps.items():
            rough = step.preview() if step.preview else None
            self._tiles[index] |= {
                "src": data_uri(png(rough), "png") if rough else "",
                "state": "forming",
            }
        self.stage = [dict(tile) for tile in self._tiles]

    def _finished(self, event: Done | Failed, tile: dict[str, Any]) -> dict[str, Any]:
        if isinstance(event, Failed):
            return {**tile, "state": "failed", "note": event.error}
        if not isinstance(event.result, Reused | Picture):
            raise TypeError(f"a picture was expected, not {event.result!r}")
        src = data_uri(small_jpeg(event.result.image, side=SHOWN), "jpeg")
        reused = "from the store" if isinstance(event.result, Reused) else ""
        note = event.result.warning or reused
        return {**tile, "key": event.result.key, "src": src, "state": "done", "note": note}

    def _end(self, error: str) -> None:
        self._steps.clear()
        self._look_back()
        if self._job and self._job.sweep:
            self._sweep.paint(self._job.sweep)
        text, tone = self._ending(error)
        lasting = self._say_lasting if error or self._pace.failed else self._say
        lasting(text, tone=tone, share=0.0 if tone else 1.0)
        if self._job and self._job.sweep:
            self._sweep.say(text, tone=tone, share=0.0 if tone else 1.0, running=False)
        if not self._session.unfinished:
            self._sweep.cancelled()
        if self._tiles and any(tile["state"] in ("waiting", "forming") for tile in self._tiles):
            self.stage = [tile for tile in self._tiles if tile["state"] == "done"]

    def _ending(self, error: str) -> tuple[str, str]:
        """How the job ended, and the tone to say it in."""
        job, failed, took = self._job, self._pace.failed, duration(time.monotonic() - self._started)
        see = f" See {self.root.name}/{job.sweep.name}/report.html." if job and job.sweep else ""
        if error:
            return error, "bad"
        if job and job.cancelled.is_set():
            return "Stopped; what was finished is kept.", "bad"
        if failed:
            return (
                f"{failed} of {self._pace.total} pictures failed; the others are kept.{see}",
                "bad",
            )
        if job and job.sweep:
            return f"{job.sweep.name} is done in {took}.{see}", ""
        if self._tiles and all(tile.get("note") == "from the store" for tile in self._tiles):
            return "Made before: taken from the store.", ""
        return f"Done in {took}.", ""

    def _say_of_job(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        """Say something of the job under way, of a sweep also in its form."""
        self._say(text, tone=tone, share=share)
        if self._job and self._job.sweep:
            self._sweep.say(text, tone=tone, share=share)

    def _say_lasting(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        """Say something that stays also where the next job's progress takes the line."""
        self._say(text, tone=tone, share=share)
        if self._session.unfinished:
            self.notice = text

    def _say(self, text: str, *, tone: str = "", share: float = 0.0) -> None:
        self.status = {
            "text": text,
            "tone": tone,
            "share": share,
            "unfinished": self._session.unfinished,
        }

    # -- history -------------------------------------------------------------------------------

    def _look_back(self) -> None:
        with self._looking:  # the session's thread looks too, and the later look must win
            rows = self._session.history(self._limit + 1)
            self.older = sum(not row["marks"].get("pin") for row in rows) > self._limit
            self.strip = [
                self._entry(row, THUMBNAIL) for row in (rows[:-1] if self.older else rows)
            ]

    def see_older(self) -> None:
        """Show more of the history."""
        self._limit += PAGE
        self._look_back()

    def _entry(self, row: dict[str, Any], side: int = SHOWN) -> dict[str, Any]:
        """A picture of the history as the page takes it, at most `side` pixels large."""
        place = (row["image"], side)
        if place not in self._seen and (picture := read_picture(self.root / row["image"])):
            self._seen[place] = data_uri(small_jpeg(picture, side=side), "jpeg")
        text, src = recipes.line(json.loads(row["params"])), self._seen.get(place, "")
        return {"key": row["key"], "text": text, "state": "done", "src": src, **row["marks"]}


def _recipe(row: dict[str, Any]) -> GenerationParams:
    return GenerationParams(**json.loads(row["params"]))


def _text(value: Any) -> str:
    return "" if value in (None, {}) else value if isinstance(value, str) else json.dumps(value)
