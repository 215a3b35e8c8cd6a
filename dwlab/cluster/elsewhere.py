"""A scheduler of Dask that somebody started elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import InvalidInput, RenderError, first_line
from . import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client, Security

    from ..spec.where import Where

CONNECT_SECONDS = 20.0


@contextlib.contextmanager
def client_of(where: Where) -> Iterator[Client]:
    """A client of the scheduler that a place names; raises InvalidInput, and RenderError if none answers."""
    from distributed import Client

    address = where.address
    security = None
    arguments: dict[str, Any] = {"address": address}
    if where.kind == "scheduler-file":
        file = Path(where.address)
        address = address_in(file, "where")
        security = certificates.beside(file)
        arguments = {"scheduler_file": str(file), "security": security}
    try:
        _knock(address, security)
        client = Client(  # type: ignore[no-untyped-call]
            **arguments, timeout=CONNECT_SECONDS, set_as_default=False, name="dwlab"
        )
    # a TypeError: tls:// without certificates in Dask's configuration
    except (OSError, ValueError, TypeError) as error:
        raise RenderError(
            f"no scheduler of Dask answers at {where.address} ({first_line(error)}); start one "
            "with `dwlab scheduler`, and workers with `dwlab worker`"
        ) from None
    with client:
        yield client


def address_in(file: Path, field: str) -> str:
    """The address of the scheduler that wrote a file; raises InvalidInput, which names the field."""
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        allowed = f"the file that `dwlab scheduler --scheduler-file` writes ({first_line(error)})"
        raise InvalidInput(field, str(file), allowed) from None


def _knock(address: str, security: Security | None) -> None:
    """Raise OSError within seconds if no scheduler answers; a client of Dask's would wait for ever."""
    parts = urlsplit(address)
    # what does not listen is refused at once
    socket.create_connection((parts.hostname or "", parts.port or 0), CONNECT_SECONDS).close()
    with ThreadPoolExecutor(1) as thread:
        # not in this one, which may have a loop that runs
        thread.submit(asyncio.run, _shake_hands(address, security)).result()


async def _shake_hands(address: str, security: Security | None) -> None:
    from distributed import Security as AnySecurity
    from distributed.comm.core import connect

    arguments = (security or AnySecurity()).get_connection_args("client")  # type: ignore[no-untyped-call]
    try:
        shaking = connect(address, timeout=CONNECT_SECONDS, **arguments)  # type: ignore[no-untyped-call]
        comm = await asyncio.wait_for(shaking, CONNECT_SECONDS)
    except TimeoutError:
        raise OSError("what listens there does not speak as Dask does") from None
    await comm.close()
