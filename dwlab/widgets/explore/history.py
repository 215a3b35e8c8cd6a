"""The history of the prompt bench: listed as a page looks at it, read part by part, marked."""

from __future__ import annotations

import json
import threading
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from ..._util.counted import counted
from ..._util.html import data_uri
from ...errors import DwlabError
from ...pictures import recipes
from ...pictures.inputs import stored
from ...spec import schedulers
from ...spec.inputs import PICTURES, digest_of
from ...store.history_search import HistoryFilter, HistoryListing
from ...store.store import open_existing
from ...workflows.explore import NAME
from ..saved_state import SavedState
from ..small_pictures import small_jpeg
from .comparison import compared
from .history_export import export
from .history_sweep import sweep_form_of
from .history_view import SELECTION_LIMIT, checked_keys, checked_view, filter_of
from .history_words import change_words
from .thumbnails import SIDES, Thumbnails

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ...store.history_search import HistoryEntry
    from .explorer import Explorer

PAGE = 200  # entries that a page may ask for at once
THUMBNAILS = 48  # thumbnails that a page may ask for at once
INPUT_SIDE = 128  # pixels of a start picture or mask beside a picture
PINNED = 0  # the run of pinned pictures, which stand before all runs


class BenchHistory:
    """What the bench's traits `view`, `selected`, `listing`, `picked` and `pair` show.

    A listing has a version: pages ask for parts of it, and ask anew when it has changed. Its order
    is the first version in which the same pictures stand in the same places. Where a page looks at
    is kept beside the results. model: that the bench was opened with. While `listing_stays` is
    held, no other pictures are listed.
    """

    def __init__(self, bench: Explorer, root: Path, model: str) -> None:
        self._bench = bench
        self._root = root
        self._thumbnails = Thumbnails(root)
        self._inputs: dict[str, str] = {}  # reference -> address
        self._listing = HistoryListing()
        self._listed_as: tuple[HistoryFilter, bool] | None = None
        self._saved = SavedState(root, f"history {model}")
        # the session's thread refreshes too
        self.listing_stays = threading.RLock()
        self._restore()

    def _restore(self) -> None:
        state = self._saved.load()
        self._bench.view = checked_view(state.get("view"))
        self._bench.selected = checked_keys(state.get("selected"))

    def observe(self) -> None:
        """Follow what pages change from now on."""
        bench = self._bench
        bench.observe(lambda _: self._looked(), ["view", "selected"])
        bench.observe(lambda _: self.show_picked(), "page")

    def _looked(self) -> None:
        """A page looks at the history in another way: list it so, and keep that."""
        bench = self._bench
        view, selected = checked_view(bench.view), checked_keys(bench.selected)
        if (view, selected) != (bench.view, bench.selected):
            bench.view, bench.selected = view, selected
            return
        self._saved.save({"view": view, "selected": selected})
        if self._listed_as == (filter_of(view), view["by_run"]):
            self.show_pair()
        else:
            self.refresh()

    # -- what pages see --------------------------------------------------------------------------

    def refresh(self) -> None:
        """List the history as it is now."""
        bench = self._bench
        with self.listing_stays:
            view = checked_view(bench.view)
            chosen = filter_of(view)
            is_looked_at_anew = self._listed_as != (chosen, view["by_run"])
            self._listed_as = (chosen, view["by_run"])
            bench.session.update_history()
            with open_existing(self._root) as store:
                if store is None:
                    return
                listing = store.history.search(NAME, chosen, by_run=view["by_run"])
                choices = store.history.choices(NAME)
                change = store.history.last_change(NAME)
            version = bench.listing.get("version", 0) + 1
            is_new = is_looked_at_anew or listing != self._listing
            self._listing = listing
            bench.listing = {
                "version": version,
                "order": version if is_new else bench.listing.get("order", version),
                "count": len(self._listing.positions),
                "pictures": self._listing.pictures,
                "all": choices.hidden if chosen.hidden else choices.count,
                "hidden": choices.hidden,
                "models": choices.models,
                "sides": [f"{width}x{height}" for width, height in choices.sizes],
                "undo": change_words(change) if change else "",
            }
            self.show_picked()
            self.show_pair()

    def show_picked(self) -> None:
        """Show what is known of the chosen picture, and what it and the compared ones started from."""
        bench = self._bench
        with self.listing_stays:
            picked = self._pictures([bench.page.get("chosen", "")])
            bench.picked = picked[0] if picked else {}
            self._show_inputs()

    def show_pair(self) -> None:
        """Show the two pictures that are compared, and what differs; nothing if one is gone."""
        bench = self._bench
        keys = bench.view["pair"]
        with open_existing(self._root) as store:
            entries = store.history.pictures(NAME, keys) if store and len(keys) == 2 else []
        bench.pair = compared(*entries) if len(entries) == 2 else {}
        self._show_inputs()

    def _show_inputs(self) -> None:
        shown = [self._bench.picked, *self._bench.pair.get("pictures", ())]
        self._bench.inputs = self.inputs(picture for picture in shown if picture)

    def _pictures(self, keys: list[str]) -> list[dict[str, object]]:
        with open_existing(self._root) as store:
            entries = store.history.pictures(NAME, keys) if store else []
        return [shown(entry) for entry in entries]

    def inputs(self, pictures: Iterable[dict[str, object]]) -> dict[str, str]:
        """The pictures that some pictures started from: how a recipe names one -> its address.

        One that is no longer in the results folder is left out.
        """
        references = [ref for picture in pictures for ref in cast("list[str]", picture["inputs"])]
        addresses = {reference: self._input_address(reference) for reference in references}
        return {reference: address for reference, address in addresses.items() if address}

    def _input_address(self, reference: str) -> str:
        if reference not in self._inputs:
            try:
                picture = stored(self._root, str(digest_of(reference)))
            except (DwlabError, OSError):
                return ""
            self._inputs[reference] = data_uri(small_jpeg(picture, side=INPUT_SIDE), "jpeg")
        return self._inputs[reference]

    # -- what pages ask --------------------------------------------------------------------------

    def runs(self) -> list[tuple[int, str, str]]:
        """The runs of the listing in its order: pictures, when it started, along what they differ.

        Pinned pictures stand before all runs, as one without a time.
        """
        pinned = self._listing.pinned
        with open_existing(self._root) as store:
            known = store.history.runs(NAME) if store else {}
        known[PINNED] = ("", "")
        numbers = [PINNED] * pinned + self._listing.runs[pinned:]
        return [(len(list(group)), *known[number]) for number, group in groupby(numbers)]

    def place(self, key: object) -> int | None:
        """Where a picture stands in the listing; None if it does not."""
        with open_existing(self._root) as store:
            position = store.history.position(NAME, key) if store and isinstance(key, str) else None
        positions = self._listing.positions
        return positions.index(position) if position in positions else None

    def entries(self, start: int, end: int) -> list[dict[str, object]]:
        """The pictures from `start` to before `end` of the listing, at most PAGE."""
        positions = self._listing.positions[max(0, start) : min(end, start + PAGE)]
        with open_existing(self._root) as store:
            entries = store.history.entries(NAME, positions) if store else []
        return [shown(entry) for entry in entries]

    def keys(self, first: object = None, last: object = None) -> list[str]:
        """The keys of all listed pictures, at most SELECTION_LIMIT.

        first, last: of two listed pictures in any order; then only those from one to the other.
        """
        positions = self._listing.positions
        if first is not None:
            places = sorted(
                place for place in (self.place(first), self.place(last)) if place is not None
            )
            positions = positions[places[0] : places[-1] + 1] if places else []
        with open_existing(self._root) as store:
            return store.history.keys(NAME, positions[:SELECTION_LIMIT]) if store else []

    def thumbnails(self, keys: list[str], side: int) -> list[bytes]:
        """JPEGs of some pictures, empty for those that are gone; side: in pixels, at least."""
        side = next((each for each in SIDES if each >= side), SIDES[-1])
        with open_existing(self._root) as store:
            images = store.cells.finished(keys[:THUMBNAILS]) if store else {}
        return [self._thumbnails.jpeg(images[key], side) if key in images else b"" for key in keys]

    # -- what pages do ---------------------------------------------------------------------------

    def mark(self, keys: list[str], mark: str, value: object) -> None:
        """Give pictures a mark; hidden ones are no longer selected."""
        bench = self._bench
        bench.session.mark_all(keys, mark, value)
        if mark == "hide":
            hidden = set(keys)
            bench.selected = [key for key in bench.selected if key not in hidden]
        self._show_marks(mark)

    def toggle(self, key: str, mark: str) -> None:
        """Give a picture a mark that is on or off, or take it: whatever a page shows of it."""
        entry = self._bench.session.entry(key)
        self.mark([key], mark, 0 if entry.marks.get(mark) else 1)

    def undo(self) -> None:
        """Take back the last change of marks."""
        change = self._bench.session.take_back()
        if change:
            self._show_marks(change.mark)

    def _show_marks(self, mark: str) -> None:
        """Show pictures with a mark that has changed; list them anew only if it decides which."""
        bench = self._bench
        filters = {"stars": bench.view["stars"], "note": bench.view["text"]}
        if mark not in filters or filters[mark]:
            self.refresh()
            return
        with self.listing_stays, open_existing(self._root) as store:
            change = store.history.last_change(NAME) if store else None
            version = bench.listing["version"] + 1
            undo = change_words(change) if change else ""
            bench.listing = {**bench.listing, "version": version, "undo": undo}
            self.show_picked()
            self.show_pair()

    def export(self, keys: list[str]) -> None:
        """Write the files of pictures with their recipes and marks to a zip beside the results."""
        path = export(self._root, self._bench.session.entries(keys))
        self._bench.status_line.say_lasting(
            f"{counted(len(keys), 'picture')} exported to {self._root.name}/{path.relative_to(self._root)}."
        )

    def sweep(self, keys: list[str]) -> None:
        """Fill the form "Sweep this": what differs between some pictures becomes its axes."""
        bench = self._bench
        form = sweep_form_of([json.loads(entry.params) for entry in bench.session.entries(keys)])
        bench.show(form.base, locked=True)
        axes = {name: {"on": False, "values": ""} for name in bench.offer["swept"]}
        axes |= {name: {"on": True, "values": text} for name, text in form.axes.items()}
        bench.page = {**bench.page, "axes": axes, "open": True}
        bench.status_line.say_lasting(form.sentence)


def shown(entry: HistoryEntry) -> dict[str, Any]:
    """A picture of the history as the page takes it."""
    params = json.loads(entry.params)
    return {
        "key": entry.key,
        "text": recipes.line(params),
        "inputs": [params[name] for name in PICTURES if name in params],
        "made": entry.created,
        "run": entry.run,
        "is_base": entry.is_base,
        "along": entry.along,
        "value": _value(params, entry.along),
        **{name: entry.marks.get(name, default) for name, default in _NO_MARKS.items()},
    }


_NO_MARKS: dict[str, int | str] = {"stars": 0, "pin": 0, "hide": 0, "note": ""}


def _value(params: dict[str, Any], along: str) -> str:
    """What a picture has of the parameter in which its run differs, as people write it."""
    value = params.get(along)
    if along == "scheduler":
        return schedulers.display_name(
            str(value or ""), dict(params.get("scheduler_options") or {})
        )
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
