"""Scripts run in a real terminal of some width."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def in_terminal(code: str, columns: int, *, typed: str = "", folder: Path | None = None) -> str:
    """What a script prints in a terminal of so many columns. typed: what a person types there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    plain = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    # a terminal keeps what is typed until it is read
    os.write(leader, typed.encode())
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**plain, "TERM": "xterm-256color"},
        cwd=folder,
    ) as process:
        os.close(follower)
        printed = b""
        while chunk := _read(leader):
            printed += chunk
    os.close(leader)
    assert process.returncode == 0, printed
    return printed.decode().replace("\r\n", "\n")


def _read(leader: int) -> bytes:
    # Linux says so when the other end is closed
    try:
        return os.read(leader, 65_536)
    except OSError:
        return b""
