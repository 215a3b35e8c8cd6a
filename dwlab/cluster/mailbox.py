"""What comes from Dask's scheduler and goes to it, so that the driver need not wait for either."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from concurrent import futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from distributed import Client, Future

# of a task: the number of a chunk, or what else it is about
Key: TypeAlias = int | str
# of the scheduler, with what happens to workers
WORKERS_TOPIC = "all"
RESTART_SECONDS = 60.0
ANSWERS_WAITING = 8
GOODBYE_SECONDS = 2.0  # for what is still to be told when a run ends


@dataclass(frozen=True)
class Joined:
    """A worker came. name: the same after a restart."""

    worker: str
    name: str
    machine: str
    device: str


@dataclass(frozen=True)
class Left:
    """A worker went. is_expected: it was told to, or its time was over."""

    worker: str
    is_expected: bool = False


@dataclass(frozen=True)
class Present:
    """All workers that are here."""

    workers: tuple[Joined, ...]


@dataclass(frozen=True)
class Answered:
    """What a task returned. key: of the task, as it was given."""

    key: Key
    answer: Any


@dataclass(frozen=True)
class Broken:
    """A task raised something, or ended with its worker."""

    key: Key
    error: BaseException


@dataclass(frozen=True)
class Told:
    """What a worker tells of its own accord."""

    message: Any


Message: TypeAlias = Joined | Left | Present | Answered | Broken | Told


class Mailbox:
    """Gives tasks to workers, and receives what becomes of them, in the order in which it happens.

    client: whose events nobody else listens to. topic: of what workers tell of their own accord.
    """

    def __init__(self, client: Client, topic: str) -> None:
        self._client = client
        self._topic = topic
        # of tornado, around one of asyncio
        self._loop: asyncio.AbstractEventLoop = client.loop.asyncio_loop  # type: ignore[union-attr]
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._futures: dict[Key, Future[Any]] = {}
        self._under_way: set[futures.Future[None]] = set()
        # what tasks return stays with their workers until there is room for it here
        self._room = asyncio.Semaphore(ANSWERS_WAITING)

    def __enter__(self) -> Self:
        self._client.subscribe_topic(WORKERS_TOPIC, self._take_event)  # type: ignore[no-untyped-call]
        self._client.subscribe_topic(self._topic, self._take_news)  # type: ignore[no-untyped-call]
        self.ask_who_is_here()
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._futures):
            self.forget(key)
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(WORKERS_TOPIC)  # type: ignore[no-untyped-call]
            self._client.unsubscribe_topic(self._topic)  # type: ignore[no-untyped-call]
        for under_way in futures.wait(self._under_way, GOODBYE_SECONDS).not_done:
            under_way.cancel()

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler is still there, and knows the tasks that it was given."""
        return self._client.status == "running"

    def next(self, timeout: float) -> Message | None:
        """The next message, within some seconds."""
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(message, Answered):
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._room.release)
        return message

    def give(
        self,
        key: Key,
        worker: str,
        task: Callable[..., object],
        *arguments: object,
        priority: int = 0,
    ) -> None:
        """Let a worker, and no other, run a task; what becomes of it is a message.

        priority: tasks with a higher one begin first.
        """
        future: Future[Any] = self._client.submit(
            task,
            *arguments,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
            retries=0,
            priority=priority,
        )
        self._futures[key] = future
        self._start(self._wait_for(key, future))

    def forget(self, key: Key) -> None:
        """Take a task back if it did not begin; what it returns is of no interest any more."""
        future = self._futures.pop(key, None)
        if future is not None:
            with contextlib.suppress(Exception):
                future.release()  # type: ignore[no-untyped-call]

    def tell(self, worker: str, function: Callable[..., object], *arguments: object) -> None:
        """Let a worker run a short function beside the task that it runs."""
        self._start(self._tell(worker, function, arguments))

    def restart(self, worker: str) -> None:
        """End a worker's process; whoever watches over it starts another one."""
        self._start(self._restart(worker))

    def ask_who_is_here(self) -> None:
        """All workers that are here become a message."""
        self._start(self._present())

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something in the client's loop."""
        started = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._under_way.add(started)
        started.add_done_callback(self._under_way.discard)

    async def _wait_for(self, key: Key, future: Future[Any]) -> None:
        message: Message
        try:
            answer = await self._gathered(future)
        # whatever a task raises is a message
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            message = Broken(key, error)
        else:
            message = Answered(key, answer)
        if self._futures.pop(key, None) is not None:
            self._messages.put(message)
        elif isinstance(message, Answered):
            self._room.release()

    async def _gathered(self, future: Future[Any]) -> object:
        """What a task returned, fetched once there is room for it."""
        # raises nothing that gather does not
        with contextlib.suppress(Exception):
            await future.exception()  # type: ignore[no-untyped-call]
        await self._room.acquire()
        try:
            return await self._client.gather(future)  # type: ignore[no-untyped-call]
        except BaseException:
            self._room.release()
            raise

    async def _tell(
        self, worker: str, function: Callable[..., object], arguments: tuple[object, ...]
    ) -> None:
        # a worker that is gone need not be told
        with contextlib.suppress(Exception):
            await self._client.run(function, *arguments, workers=[worker], on_error="ignore")

    async def _restart(self, worker: str) -> None:
        # one that nobody watches over cannot be restarted
        with contextlib.suppress(Exception):
            await self._client.restart_workers(
                [worker], timeout=RESTART_SECONDS, raise_for_error=False
            )

    async def _present(self) -> None:
        with contextlib.suppress(OSError):
            self._messages.put(Present(tuple(await self._workers())))

    async def _joined(self, worker: str) -> None:
        with contextlib.suppress(OSError):
            for joined in await self._workers():
                if joined.worker == worker:
                    self._messages.put(joined)

    async def _workers(self) -> list[Joined]:
        identity = await self._client.scheduler.identity(n_workers=-1)  # type: ignore[union-attr]
        return [_joined(address, values) for address, values in identity["workers"].items()]

    def _take_event(self, event: tuple[float, Any]) -> None:
        _, message = event
        if not isinstance(message, dict):
            return
        if message.get("action") == "add-worker":
            self._start(self._joined(message["worker"]))
        elif message.get("action") == "remove-worker":
            self._messages.put(Left(message["worker"], bool(message.get("expected"))))

    def _take_news(self, event: tuple[float, Any]) -> None:
        self._messages.put(Told(event[1]))


def _joined(address: str, values: dict[str, Any]) -> Joined:
    return Joined(address, str(values["name"]), str(values["host"]), ", ".join(values["resources"]))
