"""A worker process on a device, and another one whenever it is lost.

Dask's nanny starts the process of its worker anew when it dies. But it ends itself if that goes wrong
once, or if its worker loses the scheduler for a moment, and then the device would have no worker any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from distributed import Nanny
from distributed.deploy.spec import ProcessInterface

from ..errors import first_line

log = logging.getLogger(__name__)
# between two tries to start a worker, the first and the longest, in seconds
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0
# in the words of Dask's workers for why they end: they lost the scheduler, and were not told to
LOST = ("connection-broken", "heartbeat")


class KeptWorker(ProcessInterface):
    """A worker that comes again until it is told to end.

    scheduler: its address. patience: how many seconds it may be lost until that is the end; without
    one, it is for good. lifetime: after so many seconds it ends as soon as its chunk is done, however often
    it came again. options: of Dask's Nanny. Awaiting it starts it, and raises what the first start
    raises.
    """

    def __init__(
        self,
        scheduler: str,
        *,
        patience: float | None = None,
        lifetime: float | None = None,
        **options: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name = options["name"]
        self._options = {"scheduler_ip": scheduler, **options}
        self._patience = patience
        loop = asyncio.get_running_loop()
        self._until = None if lifetime is None else loop.time() + lifetime
        self._unwanted = asyncio.Event()
        self._nanny: _Nanny | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the worker."""
        await self._start_nanny()
        self._keeping = asyncio.create_task(self._keep())
        await super().start()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """End the worker, also one that is just starting."""
        self._unwanted.set()
        if self._nanny is not None:
            await self._nanny.close()
        if self._keeping is not None:
            await self._keeping
        await super().close()  # type: ignore[no-untyped-call]

    async def _keep(self) -> None:
        """Let another worker come whenever one is lost, until the end."""
        while self._nanny is not None:
            await self._nanny.finished()  # type: ignore[no-untyped-call]
            if self._nanny.is_dismissed or not await self._come_again():
                break
        self._event_finished.set()

    async def _come_again(self) -> bool:
        """Start another worker, and try again for a while; returns whether one is here."""
        loop = asyncio.get_running_loop()
        lost = loop.time()
        pause = FIRST_PAUSE
        while not await self._is_over(lost, pause):
            try:
                await self._start_nanny()
            # whatever a process that does not start raises
            except Exception as error:  # noqa: BLE001
                log.warning("the worker %s did not start again (%s)", self.name, first_line(error))
            else:
                return True
            pause = min(2 * pause, LONGEST_PAUSE)
        return False

    async def _is_over(self, lost: float, pause: float) -> bool:
        """Wait for a pause; then whether no more worker is to come. lost: since when there is none."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._unwanted.wait(), pause)
        now = asyncio.get_running_loop().time()
        is_lost = self._patience is not None and now > lost + self._patience
        is_old = self._until is not None and now > self._until
        return self._unwanted.is_set() or is_lost or is_old

    async def _start_nanny(self) -> None:
        options = dict(self._options)
        if self._until is not None:
            options["lifetime"] = self._until - asyncio.get_running_loop().time()
        # known before it has started, so that it can be closed meanwhile
        self._nanny = _Nanny(**options)
        await self._nanny


class _Nanny(Nanny):
    """A nanny that knows whether its worker was told to end."""

    is_dismissed = False

    def close_gracefully(self, reason: str = "nanny-close-gracefully") -> None:
        """Start no other worker once this one has ended, for the reason that it gives."""
        self.is_dismissed = not any(word in reason for word in LOST)
        super().close_gracefully(reason=reason)
