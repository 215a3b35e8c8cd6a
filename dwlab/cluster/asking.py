"""A question to all workers of a client, none of which is waited for for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client


def answers_of_workers(
    client: Client, question: Callable[[], str], seconds: float
) -> list[str | BaseException]:
    """What each worker returns or raises, beside its tasks; TimeoutError for one that takes longer."""
    workers = client.scheduler_info(n_workers=-1)["workers"]

    async def ask_all() -> list[str | BaseException]:
        return await asyncio.gather(*(ask(worker) for worker in workers), return_exceptions=True)

    async def ask(worker: str) -> str:
        answering = client.run(question, workers=[worker])
        try:
            answers: dict[str, str] = await asyncio.wait_for(answering, seconds)
        except TimeoutError:
            raise TimeoutError(f"{worker} does not answer within {seconds:g} s") from None
        return answers[worker]

    loop = client.loop.asyncio_loop  # type: ignore[union-attr]  # of tornado, around one of asyncio
    return asyncio.run_coroutine_threadsafe(ask_all(), loop).result()
