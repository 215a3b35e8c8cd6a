"""The prompt bench: controls, pictures that form, a history to go back to.

It shows and asks; what computes is handed to it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError
from ...models.identity import usual_recipe
from ...runs.results import Results
from ...spec.compute import Compute
from ...spec.params import GenerationParams
from ...store.history_index import HistoryRun
from ...store.images import read_picture
from ...workflows.explore import NAME, Session
from ...workflows.related_recipes import row_of_neighbours
from ..heartbeat import connect
from ..saved_state import SavedState
from .controls import check_count
from .dropped import read_dropped
from .extras import without
from .history import BenchHistory
from .page_actions import PageActions
from .page_answers import PageAnswers
from .prompt_helps import PromptHelps
from .recipe_controls import RecipeControls
from .saved import saved_controls, saved_page, saved_start
from .stage import stored_tile
from .start import StartPicture
from .status import StatusLine
from .sweep_form import SweepForm
from .task_listener import TaskListener
from .traits import PageTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from PIL import Image

    from ...render.renderer import Renderer
    from ...runs.table import Table
    from ...store.history_search import HistoryEntry
    from .recipe_controls import CountTokens


class Explorer(PageTraits):
    """A bench for prompts on one results folder.

    render, execute: compute pictures and sweeps, like `dwlab.render.renderer.render` and
    `dwlab.workflows.sweep.execute`. count_tokens: like `dwlab.models.tokens.count_tokens`. project:
    the folder whose `experiments/` receives sweeps. `params`, `image` and `history` are for the
    next cells. Everything that is shown is in traits, so that a reload of the page shows it again.
    """

    def __init__(
        self,
        *,
        root: Path,
        project: Path,
        render: Renderer,
        execute: Callable[..., object],
        count_tokens: CountTokens,
        model: str = "shapes",
        compute: Compute = Compute(),
    ) -> None:
        super().__init__()
        self.root = root
        self.project = project
        self.status_line = StatusLine(self)
        self.sweep_form = SweepForm(self)
        self.start_picture = StartPicture(self, root)
        self.fields = RecipeControls(self, count_tokens)
        self._tasks = TaskListener(self)
        self._session = Session(root, render, execute, self._tasks.hear, compute=compute)
        self.gallery = BenchHistory(self, root, model)
        self._saved = SavedState(root, f"explore {model}")
        self._actions = PageActions(self)
        self._answers = PageAnswers(self, root)
        self.prompt_helps = PromptHelps(self, root)
        self.fields.fill(usual_recipe(model))
        self._restore_saved()
        self.observe(lambda _: self.fields.check(), "controls")
        self.observe(lambda _: self._edited(), ["controls", "page"])
        self.gallery.observe()
        self.on_msg(lambda _widget, content, buffers: self._receive(content, buffers))
        connect(self)
        self.fields.check()
        self.show_history()
        self._put_on_stage(self._newest())
        self.status_line.say("")

    def __repr__(self) -> str:
        return (
            f"Explorer(model={self.controls.get('model')!r}, pictures={self.listing.get('all', 0)})"
        )

    # -- for the next cells --------------------------------------------------------------------

    @property
    def params(self) -> GenerationParams:
        """The recipe in the controls; raises InvalidInput if a field is wrong."""
        return self.recipe()

    def recipe(self, without: Collection[str] = ()) -> GenerationParams:
        """The recipe in the controls, with the model's defaults for those in `without`.

        Raises InvalidInput if one of the other fields is wrong.
        """
        # A run that is asked for right after a drop starts from that picture.
        self.start_picture.wait()
        arguments = self.fields.arguments()
        return GenerationParams(**{k: v for k, v in arguments.items() if k not in without})

    @property
    def image(self) -> Image.Image | None:
        """The newest picture that was made here, RGB; None before the first."""
        newest = self._newest()
        return read_picture(self.root / newest.image) if newest else None

    def _newest(self) -> HistoryEntry | None:
        # Pinned pictures come too, however old.
        entries = self._session.history(1)
        return max(entries, key=lambda entry: entry.position, default=None)

    @property
    def history(self) -> Table:
        """The table of all pictures made here, newest first."""
        results = Results(self.root)
        if NAME in results.experiments():
            return results.table(NAME).iloc[::-1]
        return results.table().iloc[:0]

    @property
    def session(self) -> Session:
        """The queue that computes for the bench."""
        return self._session

    def close(self) -> None:
        """Stop the task under way, then close the widget."""
        self._session.close()
        super().close()

    # -- controls ------------------------------------------------------------------------------

    def show(self, params: GenerationParams, *, locked: bool = False) -> None:
        """Put a recipe into the controls, and offer what its model allows.

        locked: runs keep the seed.
        """
        self.start_picture.show(params)
        self.fields.fill(params, locked=locked)
        self.start_changed()

    # -- what outlasts the kernel --------------------------------------------------------------

    def _edited(self) -> None:
        self.sweep_form.forget_stale()
        pictures = self.start_picture.references
        self._saved.save({"controls": self.controls, "page": self.page, "start": pictures})

    def _restore_saved(self) -> None:
        """Fill the fields as before the kernel restarted, as far as that is still possible."""
        state = self._saved.load()
        controls = saved_controls(state, self.controls)
        # The model may be gone; the fields then stay as they are.
        with contextlib.suppress(DwlabError):
            self.fields.fill(usual_recipe(controls["model"]))
            self.controls = controls
        self.page = saved_page(state)
        self.start_picture.restore(saved_start(state))

    # -- what a page asks for ------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over traits that a page has changed, except an edit of the fields that is late."""
        super().set_state(self._actions.without_late_edits(sync_data))

    def _receive(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        self._answers.receive(content)
        self._actions.receive(content, buffers)

    def run(self) -> None:
        """Make the pictures that the controls describe, after the tasks that wait already."""
        if not self.controls.get("locked"):
            self.controls = {**self.controls, "seed": str(secrets.randbelow(2**32))}
        self.make()

    def make(self) -> None:
        """Make the pictures that the controls describe, with the seed in its field."""
        first = self.params
        count = check_count(self.controls["count"])
        recipes = [first.replace(seed=(first.seed + number) % 2**63) for number in range(count)]
        # Before the task: what the session's thread says of it must come later.
        self.status = {**self.status, "unfinished": self._session.unfinished + 1}
        self._session.make(recipes, HistoryRun(along="seed" if count > 1 else ""))

    def cancel(self) -> None:
        """Stop within one step and empty the queue; finished pictures are kept."""
        if self._session.unfinished:
            self._tasks.say("Stopping …")
            self._session.cancel()

    def rerun(self, key: str) -> None:
        """Make a picture again, and say how it differs; nothing is kept."""
        self._session.rerun(key)

    def vary(self, key: str, along: str) -> None:
        """Make the neighbours of a picture along one parameter, with the picture in its place."""
        recipes = row_of_neighbours(self._recipe_of(self._session.entry(key)), along)
        self._session.make(recipes, HistoryRun(base=key, along=along))

    def restore(self, key: str, *, onto_stage: bool = True) -> None:
        """Put the recipe of a picture into the controls; if nothing runs, show the picture too.

        onto_stage: whether to show it.
        """
        entry = self._session.entry(key)
        self.show(self._recipe_of(entry), locked=True)
        if onto_stage and not self._session.unfinished:
            self._put_on_stage(entry)

    def _put_on_stage(self, entry: HistoryEntry | None) -> None:
        picture = read_picture(self.root / entry.image) if entry else None
        if entry and picture:
            self.stage = [stored_tile(json.loads(entry.params), entry.key, picture)]

    def leave_out(self, name: str) -> None:
        """Take a part of the recipe that has no field out of it; name: in the trait `extras`."""
        self.controls = {**self.controls, "more": without(self.controls["more"], name)}

    def start_from(self, key: str) -> None:
        """Use a picture of the history as the one to start from."""
        path = self.root / self._session.entry(key).image
        self.start_picture.use_path(path)

    def start_changed(self) -> None:
        """Another start picture or mask: check the fields with it, and keep it."""
        self.fields.check()
        self._edited()

    def drop(self, data: bytes) -> None:
        """Put the recipe in a PNG into the controls, and say what this model cannot use of it."""
        dropped = read_dropped(data, self.controls["model"], self._session.compute.device)
        self.show(dropped.params, locked=True)
        self.status_line.say_lasting(dropped.message)

    def sweep_this(self, name: str, axes: dict[str, str], action: str = "plan") -> None:
        """Turn controls into axes: `plan` the sweep, `write` its YAML file, or `run` it here.

        axes: parameter -> its values as typed. Raises InvalidInput for a wrong field.
        """
        self.sweep_form.make(name, axes, action)

    # -- history -------------------------------------------------------------------------------

    def show_history(self) -> None:
        """Show the history as it is now."""
        self.gallery.refresh()

    @staticmethod
    def _recipe_of(entry: HistoryEntry) -> GenerationParams:
        return GenerationParams(**json.loads(entry.params))
