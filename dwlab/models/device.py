"""Accelerators: which there are, what they compute in, how to wait for them. The only file that says "mps"."""

from __future__ import annotations

import ctypes
import functools
import gc
import platform
import re
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


def resolve(name: str = "auto") -> str:
    """The device that `name` stands for: auto takes CUDA, then MPS, then the CPU; raises InvalidInput."""
    import torch

    if name == "auto":
        return (
            "cuda"
            if torch.cuda.is_available()
            else "mps"
            if torch.backends.mps.is_available()
            else "cpu"
        )
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda", "mps") or not _present(device):
        raise InvalidInput("device", name, f"auto, {', '.join(available())}")
    return name


def _present(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or torch.backends.mps.is_available()


def available() -> list[str]:
    """The names of all devices of this machine, the CPU first."""
    import torch

    cuda = (
        [f"cuda:{k}" for k in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    )
    return ["cpu", *(["mps"] if torch.backends.mps.is_available() else []), *cuda]


def resolve_dtype(name: str, device: str) -> str:
    """The dtype that `name` stands for: auto is float32 on a CPU, bfloat16 or float16 on a GPU."""
    import torch

    if name != "auto":
        return name
    if device == "cpu":
        return "float32"
    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float16"


def faster_dtype(device: str) -> str | None:
    """A dtype that this device computes faster than float32 but `auto` does not choose, or None."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8") if device == "cpu" else ""
    except OSError:
        return None
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else None


def describe(device: str) -> dict[str, Any]:
    """What a device is: name, memory in GB, and where there are such, compute capability and driver."""
    import psutil
    import torch

    if device.startswith("cuda"):
        found = torch.cuda.get_device_properties(device)
        return {
            "name": found.name,
            "memory_gb": round(found.total_memory / 1e9, 1),
            "capability": f"{found.major}.{found.minor}",
            "cuda": torch.version.cuda,
            "driver": _said_by("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        }
    name = _said_by("sysctl", "-n", "machdep.cpu.brand_string") or _cpu_name() or platform.machine()
    if device == "mps":
        name = f"{name} GPU"
    return {"name": name, "memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}


def _cpu_name() -> str | None:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE
        )
    except OSError:
        return None
    return found[1].strip() if found else None


def _said_by(*command: str) -> str | None:
    """The first line that a system's tool prints, or None where there is no such tool."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603  # fixed words
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if lines else None


def synchronize(device: str) -> None:
    """Wait until the device has done all that was queued; nothing to wait for on a CPU."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def numerics(device: str) -> dict[str, Any]:
    """The switches that change how a device rounds, as they stand."""
    import torch

    tf32 = torch.backends.cuda.matmul.allow_tf32 if device.startswith("cuda") else False
    return {
        "tf32": tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
    }


class KernelSeconds:
    """Seconds between events that the device itself recorded around calls; none where it records none."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def around(self, work: Callable[[], object]) -> None:
        """Do `work` between two events."""
        import torch

        if not self._device.startswith("cuda"):
            work()
            return
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        self._events.append((begin, end))

    @property
    def seconds(self) -> list[float]:
        """One number a call, once the device was waited for."""
        return [begin.elapsed_time(end) / 1000 for begin, end in self._events]


def peak_memory(device: str, work: Callable[[], object]) -> dict[str, float]:
    """The most memory in GB that was in use while `work` ran: resident in the process, allocated and reserved on the device.

    MPS keeps no peaks: there it is what is held after the work.
    """
    import torch

    gpu = device.startswith("cuda")
    if gpu:
        torch.cuda.reset_peak_memory_stats(device)
    with _Resident() as resident:
        work()
        synchronize(device)
    found = {"resident_gb": resident.peak / 1e9}
    if gpu:
        found["allocated_gb"] = torch.cuda.max_memory_allocated(device) / 1e9
        found["reserved_gb"] = torch.cuda.max_memory_reserved(device) / 1e9
    elif device == "mps":
        found["allocated_gb"] = torch.mps.current_allocated_memory() / 1e9
        found["reserved_gb"] = torch.mps.driver_allocated_memory() / 1e9
    return {name: round(value, 3) for name, value in found.items()}


class _Resident(threading.Thread):
    """Watches this process' resident memory, in bytes, a hundred times a second."""

    def __init__(self) -> None:
        import psutil

        super().__init__(daemon=True)
        self._process, self._over = psutil.Process(), threading.Event()
        self.peak: int = self._process.memory_info().rss

    def run(self) -> None:
        while not self._over.wait(0.01):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, in the forms of CUDA, MPS and the CPU."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "can't allocate memory", "not enough memory")
    )


def release_memory(device: str) -> None:
    """Give unused memory back, after an out-of-memory error."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
    else:
        _trim()


@functools.lru_cache(maxsize=1)  # the latest size is known: what it left fits its next picture
def begin_size(device: str, size: tuple[int | None, int | None]) -> None:  # noqa: ARG001  # the cache compares it
    """Give back the memory that pictures of another size left on a CPU; nothing where the last ones had this size.

    Freed memory is kept (see `keep_freed_memory`), but its pieces fit pictures of their own size: kept for each size,
    they would be more with every new one. size: width and height, pixels.
    """
    if device == "cpu":
        _trim()


def _trim() -> None:
    if libc := _glibc():
        libc.malloc_trim(0)


@functools.cache
def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next forward, which else waits for the system to clear its pages.

    On Linux with glibc; elsewhere nothing changes. Forwards of many rows on a CPU take 5 to 10% less time so.
    """
    libc = _glibc()
    # M_MMAP_THRESHOLD, bytes: less than that is not mapped for itself and unmapped again; some versions take 32 MiB at most
    if libc and (libc.mallopt(-3, 2**30) or libc.mallopt(-3, 2**25)):
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD, bytes: less than that is kept


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
