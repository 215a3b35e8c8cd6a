"""The device of the server's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...render.lane import Lane
from .default_model import load_default_model
from .device import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..settings import ServerSettings


class ThisProcess:
    """Computes in this process, on one device."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._lane = Lane()
        self.compute = settings.compute
        self.render_patiently = self._lane.render_patiently
        self._device = Device(
            name="local",
            device=settings.device,
            render=self._lane.render,
            is_joined=True,
            load=self._load,
        )

    def start(self, add: Callable[[Device], None], remove: Callable[[str], None]) -> None:  # noqa: ARG002  # it never goes
        """Begin to render."""
        self._lane.start()
        add(self._device)

    def end(self) -> None:
        """Render no more."""
        self._lane.end()

    @property
    def alive(self) -> bool:
        """Whether the thread runs that renders."""
        return self._lane.is_alive()

    def _load(self) -> bool:
        identity = load_default_model(self._settings)
        if identity is None:
            return False
        self._device.device = identity.device
        self._device.note_model(identity.name)
        return True
