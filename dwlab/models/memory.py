"""Memory of devices: how much is free, whether it ran out, how to give it back, how much was in use."""

from __future__ import annotations

import ctypes
import functools
import gc
import platform
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .device import synchronize

if TYPE_CHECKING:
    from collections.abc import Callable

_OUT_OF_MEMORY_TEXTS = ("out of memory", "can't allocate memory", "not enough memory")
_WATCH_SECONDS = 0.01
# parameters of glibc's mallopt
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
# where Linux says how much memory a container may use, and how much it does
_CGROUP = Path("/sys/fs/cgroup")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, in the words of CUDA, MPS or the CPU."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    message = str(error)
    return any(text in message for text in _OUT_OF_MEMORY_TEXTS)


def free_bytes(device: str) -> int:
    """How many bytes are free on a device: of its own memory, or of the computer's."""
    import psutil

    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free) + unused
    memory = psutil.virtual_memory()
    available = min(memory.available, _left_to_container())
    if platform.system() == "Darwin":
        # macOS compresses what idle programs hold, which does not count as available
        available = max(available, memory.total // 2)
    if device == "mps":
        import torch

        limit = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return max(0, min(available, limit))
    return available


def total_bytes(device: str) -> int:
    """How many bytes of memory a device has."""
    import psutil

    if device.startswith("cuda"):
        import torch

        _, total = torch.cuda.mem_get_info(device)
        return int(total)
    return psutil.virtual_memory().total


def _left_to_container() -> int:
    """How many bytes the container that this runs in may still take; without one, a great many.

    The system's own figure of available memory is the whole computer's.
    """
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        statistics = (_CGROUP / "memory.stat").read_text().split()
    # no container, or one without a limit, which reads "max"
    except (OSError, ValueError):
        return 2**62
    # files in memory that it can drop
    dropped = int(statistics[statistics.index("inactive_file") + 1])
    return max(0, limit - used + dropped)


def release_memory(device: str) -> None:
    """Give unused memory back to the system, after an out-of-memory error."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
    else:
        _trim()


# Only the latest size is cached: memory left by a picture of that size fits the next one.
@functools.lru_cache(maxsize=1)
def begin_size(device: str, size: tuple[int | None, int | None]) -> None:  # noqa: ARG001  # cache key
    """Give back the memory that pictures of another size left on a CPU.

    Freed memory is kept (see `keep_freed_memory`), but its pieces fit pictures of their own size
    only, so it would grow with every new size. size: width and height in pixels.
    """
    if device == "cpu":
        _trim()


@functools.cache
def keep_freed_memory() -> None:
    """Make the C library keep freed memory for the next forward.

    Otherwise each forward waits for the system to clear new pages: forwards of many rows on a CPU
    take 5 to 10% longer. Works on Linux with glibc and does nothing elsewhere.
    """
    libc = _glibc()
    if libc is None:
        return
    # some versions accept a threshold of at most 32 MiB
    accepted = libc.mallopt(_M_MMAP_THRESHOLD, 2**30) or libc.mallopt(_M_MMAP_THRESHOLD, 2**25)
    if accepted:
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory(device: str, work: Callable[[], object]) -> dict[str, float]:
    """The most memory in GB in use while `work` ran.

    Resident memory of the process, and memory allocated and reserved on a GPU. MPS records no
    peaks: there it is what is held afterwards.
    """
    import torch

    is_cuda = device.startswith("cuda")
    if is_cuda:
        torch.cuda.reset_peak_memory_stats(device)
    with _ResidentMemory() as resident:
        work()
        synchronize(device)
    peaks = {"resident_gb": resident.peak}
    if is_cuda:
        peaks["allocated_gb"] = torch.cuda.max_memory_allocated(device)
        peaks["reserved_gb"] = torch.cuda.max_memory_reserved(device)
    elif device == "mps":
        peaks["allocated_gb"] = torch.mps.current_allocated_memory()
        peaks["reserved_gb"] = torch.mps.driver_allocated_memory()
    return {name: round(count / 1e9, 3) for name, count in peaks.items()}


class _ResidentMemory(threading.Thread):
    """Watches the resident memory of this process. peak: the most so far, in bytes."""

    def __init__(self) -> None:
        import psutil

        super().__init__(daemon=True)
        self._process = psutil.Process()
        self._ended = threading.Event()
        self.peak: int = self._process.memory_info().rss

    def run(self) -> None:
        while not self._ended.wait(_WATCH_SECONDS):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def _trim() -> None:
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if platform.libc_ver()[0] != "glibc":
        return None
    return ctypes.CDLL(None)
