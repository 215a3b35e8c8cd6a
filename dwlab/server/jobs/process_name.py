"""Names of processes, by which a job's owner is known to live or to have ended."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil


def this_process() -> str:
    """A name for this process that no other has, not even one that gets its number later."""
    return f"{platform.node()}/{os.getpid()}/{_start_of(os.getpid())}"


def is_dead(owner: str | None) -> bool:
    """Whether the process of that name has ended; False also if this machine cannot know."""
    node, number, start = (owner or "//").rsplit("/", 2)
    if node != platform.node() or not number.isdecimal():
        return False
    try:
        return _start_of(int(number)) != start
    except psutil.NoSuchProcess:
        return True


def _start_of(number: int) -> str:
    """When a process began.

    On Linux in ticks of this boot, which setting the clock does not change.
    """
    try:
        stat = Path(f"/proc/{number}/stat").read_bytes()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # the process's name comes before the last parenthesis and may hold anything
        fields_after_name = stat.rpartition(b")")[2].split()
        return f"{boot}:{fields_after_name[19].decode()}"
    except (OSError, IndexError):  # another system, or no such process
        return f"{psutil.Process(number).create_time():.2f}"
