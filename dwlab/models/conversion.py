"""Makes a safetensors file of a pickled checkpoint, in a process of its own that runs no code of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._util.atomic import sync_folder
from .._util.regular_file import open_regular
from ..errors import ModelError, printable, shortened
from ..spec import layouts, safetensors_header
from ..spec.single_file import PICKLES

if TYPE_CHECKING:
    from pathlib import Path

SIZE_LIMIT = 64 << 30  # bytes of a pickle
SECONDS = 120  # for a small file; a large one has more
BYTES_PER_SECOND = 20e6  # of a slow disk
ANSWER_LIMIT = 64 << 10  # bytes that the process may say
# of the environment; the process gets no tokens and keys
_KEPT = ("PATH", "PYTHONPATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
WORKER = "dwlab.models.conversion_worker"


@dataclass(frozen=True)
class Converted:
    """A file that was made. left_out: names of values that are not tensors. layout: if known."""

    path: Path
    tensors: int
    size: int
    left_out: list[str]
    layout: str | None


def convert(source: Path, output: Path | None = None) -> Converted:
    """Make a safetensors file of a pickle, without running code that the pickle may contain.

    output: by default beside the source, with the suffix .safetensors. Raises ModelError for a file
    that is not a pickle of tensors, or whose pickle asks for anything else, and for an output that
    exists: nothing is ever overwritten.
    """
    size = _checked_size(source)
    target = output or source.with_suffix(".safetensors")
    _check_target(source, target)
    temporary = target.with_name(f".tmp-convert-{os.getpid()}-{target.name}")
    try:
        answer = _run(source, temporary, size)
        header = safetensors_header.read(temporary)
        _publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return Converted(
        target, len(header.tensors), header.size, answer["left_out"], layouts.detect(header)
    )


def _checked_size(source: Path) -> int:
    if source.suffix.lower() not in PICKLES:
        raise ModelError(f"{source} is not a pickle; allowed: {', '.join(PICKLES)}")
    try:
        with open_regular(source) as file:
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise ModelError(f"{source} cannot be read: {error.strerror}") from error
    if not 0 < size <= SIZE_LIMIT:
        raise ModelError(f"{source} has {size:,} bytes; allowed: 1 to {SIZE_LIMIT:,}")
    return size


def _check_target(source: Path, target: Path) -> None:
    if target.suffix != ".safetensors":
        raise ModelError(f"--output is {target}; allowed: a name that ends in .safetensors")
    if os.path.lexists(target):
        raise ModelError(f"{target} is there already; name another file with --output")
    if not target.parent.is_dir():
        raise ModelError(f"{target.parent} is not a folder; make it first, or name another file")
    if target.resolve() == source.resolve():
        raise ModelError(f"--output is {target}, the source itself; name another file")


def _run(source: Path, temporary: Path, size: int) -> dict[str, Any]:
    """Run the process to its end; returns what it answered, with plain texts only."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    command = [sys.executable, "-m", WORKER, str(source), str(temporary)]
    try:
        done = subprocess.run(  # noqa: S603  # dwlab itself
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS + size / BYTES_PER_SECOND,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"{source} was not read within {error.timeout:.0f} seconds, far longer than it should take"
        ) from None
    answer = _answer(done.stdout)
    if done.returncode or "left_out" not in answer:
        reason = answer.get("error") or _how_it_ended(done)
        raise ModelError(f"{source} was not converted: {_plain(reason)}")
    return {"left_out": [_plain(name) for name in answer["left_out"]]}


def _answer(output: bytes) -> dict[str, Any]:
    """The last line that the process wrote, if that is a JSON object."""
    with contextlib.suppress(ValueError, IndexError):
        answer = json.loads(output[-ANSWER_LIMIT:].splitlines()[-1])
        if isinstance(answer, dict):
            return answer
    return {}


def _how_it_ended(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"the process that read it was ended by signal {-done.returncode} (it may need more memory)"
    lines = done.stderr[-ANSWER_LIMIT:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "the process that read it said nothing"


def _plain(text: object) -> str:
    """A text of a stranger's file, made safe to print."""
    return shortened(printable(str(text)), 300)


def _publish(temporary: Path, target: Path) -> None:
    """Give the finished file its name; raises ModelError if another file has taken it meanwhile."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise ModelError(f"{target} is there already; name another file with --output") from None
    # file systems without hard links
    except OSError:
        if os.path.lexists(target):
            raise ModelError(f"{target} is there already; name another with --output") from None
        temporary.rename(target)
    sync_folder(target.parent)
