"""A process that measures one configuration: `python -m dwlab.bench.worker TASK.json`.

It writes what it measured beside that file. The runner starts it (see `dwlab.bench.processes`), and
ends it by closing its standard input.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .._util.atomic import write_atomic
from ..errors import InvalidInput
from ..models import memory
from ..models.quiet import quiet_libraries
from . import measuring, tasks
from .configuration import Configuration
from .machine import without_paths
from .processes import RESULT_SUFFIX
from .tasks import ReferenceTask

if TYPE_CHECKING:
    from .files import Document
    from .tasks import Task


def main() -> None:
    """Do the task in the file that the command line names."""
    path = Path(sys.argv[1])
    threading.Thread(target=_die_with_the_runner, daemon=True).start()
    quiet_libraries()
    document = json.loads(path.read_text("utf-8"))
    configuration = Configuration.of(document["configuration"])
    result = attempt(configuration, tasks.of(document["task"]))
    write_atomic(path.with_suffix(RESULT_SUFFIX), json.dumps(result).encode())


def _die_with_the_runner() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def attempt(configuration: Configuration, task: Task) -> Document:
    """Do a task; if it fails, whatever the reason, the result has a status and a message."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        result = _do(configuration, task)
    except Exception as error:  # noqa: BLE001  # whatever goes wrong is this row's result
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        result = {"status": _status(error), "error": without_paths(message)}
    return {"utc": began, **result}


def _do(configuration: Configuration, task: Task) -> Document:
    if isinstance(task, ReferenceTask):
        return measuring.make_reference(configuration, task)
    return measuring.measure_configuration(configuration, task)


def _status(error: Exception) -> str:
    if memory.is_out_of_memory(error):
        return "oom"
    if isinstance(error, NotImplementedError | ImportError | InvalidInput):
        return "unsupported"
    message = str(error)
    if "No available kernel" in message or "compiler" in message.lower():
        return "unsupported"
    return "failed"


if __name__ == "__main__":
    main()
