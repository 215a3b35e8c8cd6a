"""Saves each picture as it is finished: the file, the row, the metrics."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..events import Done, Failed, Started
from ..metrics import measures
from ..models.identity import complete, key_of
from ..pictures.picture import Picture
from ..pictures.png import pixel_hash
from ..spec.modes import mode
from ..store.store import CellRow, Store, now
from .versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..events import Event
    from .resolve import Identities
    from .run import Listener, Outcome


@dataclass
class Saver:
    """Turns finished cells into pictures and rows, and tells the listener once they are committed."""

    experiment: str
    metrics: Sequence[str] | None
    store: Store
    identities: Identities
    outcome: Outcome
    listener: Listener | None
    exact: int | None = None

    def __post_init__(self) -> None:
        self._unsaid: list[Event] = []
        self._under_way: set[int] = set()

    def take_all(self, events: Iterator[Event]) -> None:
        """Save what the events bring, to their end."""
        with contextlib.closing(events):  # type: ignore[type-var]  # a generator, which `render` need not give
            for event in events:
                self.take(event)
        self.commit()

    def take(self, event: Event) -> None:
        """Save what one event brings; pass the others on."""
        if isinstance(event, Done):
            self._done(event)
        elif isinstance(event, Failed):
            self._failed(event)
        elif self.listener:
            self.listener(event)
        if self._ends_group(event) or self.store.due():
            self.commit()

    def _ends_group(self, event: Event) -> bool:
        """Whether this was the last picture under way: what comes next may take long, a model's loading even longer."""
        if isinstance(event, Started):
            self._under_way.add(event.index)
        elif isinstance(event, Done | Failed) and event.index in self._under_way:
            self._under_way.remove(event.index)
            return not self._under_way
        return False

    def commit(self) -> None:
        """Commit the rows so far, then tell the listener of them."""
        self.store.flush()
        said, self._unsaid = self._unsaid, []
        self.outcome.made += sum(isinstance(event, Done) for event in said)
        self.outcome.failed += sum(isinstance(event, Failed) for event in said)
        for event in said:
            if self.listener:
                self.listener(event)

    def _done(self, event: Done) -> None:
        picture = event.result
        if not isinstance(picture, Picture):
            raise TypeError(f"a Picture was expected, not {picture!r}")
        data = picture.png()
        row = CellRow(
            picture.key, picture.params.canonical(), picture.weights, picture.dtype, picture.device, "ok",
            image=self.store.save_picture(data), pixels=pixel_hash(picture.image), bytes=len(data),
            seconds=picture.seconds, device_seconds=picture.device_seconds, created=now(), versions=made_with(picture),
            mode=mode(picture.exact),
        )  # fmt: skip
        values = measures.measure(
            picture.image,
            prompt=picture.params.prompt,
            model=picture.params.model,
            names=self.metrics,
        )
        values["nan"] = (measures.NAN_VERSION, picture.nan)
        self._keep(row, event, values)

    def _failed(self, event: Failed) -> None:
        identity = self.identities[event.params.model, event.params.dtype]
        params = complete(event.params, identity)
        row = CellRow(
            key_of(params, identity, self.exact), params.canonical(), identity.weights, identity.dtype,
            identity.device, event.status, event.error, created=now(), versions=json.dumps(versions()),
            mode=mode(self.exact),
        )  # fmt: skip
        self._keep(row, event, {})

    def _keep(self, row: CellRow, event: Event, values: dict[str, tuple[int, Any]]) -> None:
        self.store.add(row, experiment=self.experiment, metrics=values)
        self._unsaid.append(event)


def made_with(picture: Picture) -> str:
    """Versions, and settings that were not stock, as JSON."""
    return json.dumps(
        {**versions(), **({"settings": picture.settings} if picture.settings else {})}
    )
