"""Accelerators: which there are, which dtypes they compute in, and how to wait for them."""

from __future__ import annotations

import functools
import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    import torch

_CPU_INFO = Path("/proc/cpuinfo")


def resolve(name: str = "auto") -> str:
    """The device that `name` stands for: auto is CUDA, else MPS, else the CPU; raises InvalidInput."""
    if name == "cpu" or (name == "auto" and _builds_for_cpus_alone()):
        return "cpu"
    import torch

    if name == "auto":
        return _best_device()
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or not _is_present(device):
        raise InvalidInput("device", name, f"auto, {', '.join(available())}")
    return name


def _builds_for_cpus_alone() -> bool:
    """Whether the installed torch can compute on CPUs only, as far as its files tell.

    They are asked so that what computes nothing need not import torch, which takes a second or more.
    """
    if "torch" in sys.modules or sys.platform == "darwin":
        return False
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        version = Path(found.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return False
    builds = dict(re.findall(r"^(cuda|hip|xpu)\b.*= (.+)$", version, re.MULTILINE))
    return builds == {"cuda": "None", "hip": "None", "xpu": "None"}


def _best_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def _is_present(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def available() -> list[str]:
    """The names of all devices of this machine, the CPU first."""
    import torch

    names = ["cpu"]
    if torch.backends.mps.is_available():
        names.append("mps")
    if torch.cuda.is_available():
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return names


def resolve_dtype(name: str, device: str) -> str:
    """The dtype that `name` stands for: auto is float32 on a CPU, bfloat16 or float16 on a GPU."""
    if name != "auto":
        return name
    if device == "cpu":
        return "float32"
    import torch

    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float16"


def faster_dtype(device: str) -> str | None:
    """A dtype that this device computes faster than float32 but `auto` does not choose, or None."""
    if device != "cpu":
        return None
    flags = _cpu_info()
    has_bfloat16 = "avx512_bf16" in flags or "amx_bf16" in flags
    return "bfloat16" if has_bfloat16 else None


def describe(device: str) -> dict[str, Any]:
    """What a device is: its name, memory in GB and, for CUDA, compute capability and driver."""
    import psutil

    if device.startswith("cuda"):
        return _describe_cuda(device)
    apple_name = _first_line_of("sysctl", "-n", "machdep.cpu.brand_string")
    name = apple_name or _cpu_name() or platform.machine()
    if device == "mps":
        name = f"{name} GPU"
    return {"name": name, "memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}


def machine(device: str) -> dict[str, Any]:
    """What the rounding of pictures depends on besides versions: `hardware`, by its name, and `threads`.

    A GPU's pictures depend on no threads.
    """
    import torch

    if device.startswith("cuda"):
        return {"hardware": torch.cuda.get_device_properties(device).name}
    processor = {"hardware": _processor_name()}
    return processor if device == "mps" else {**processor, "threads": torch.get_num_threads()}


def instructions() -> str:
    """The instructions that this machine's CPU has, as Linux lists them; its name on other systems."""
    match = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _cpu_info(), re.MULTILINE)
    return match[1] if match else _processor_name()


def use_threads(threads: int) -> None:
    """Compute with so many threads of the CPU in this process."""
    import torch

    torch.set_num_threads(threads)


@functools.cache
def _processor_name() -> str:
    return str(describe("cpu")["name"])


def _describe_cuda(device: str) -> dict[str, Any]:
    import torch

    properties = torch.cuda.get_device_properties(device)
    driver = _first_line_of("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return {
        "name": properties.name,
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
        "driver": driver,
    }


def _cpu_name() -> str | None:
    match = re.search(r"^model name\s*:\s*(.+)$", _cpu_info(), re.MULTILINE)
    return match[1].strip() if match else None


def _cpu_info() -> str:
    """What Linux says of the CPU; nothing on other systems."""
    try:
        return _CPU_INFO.read_text("utf-8")
    except OSError:
        return ""


def _first_line_of(*command: str) -> str | None:
    """The first line that a tool of the system prints, or None if there is no such tool."""
    try:
        ended = subprocess.run(  # noqa: S603  # fixed words
            command, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = ended.stdout.splitlines()
    return lines[0].strip() if lines else None


def synchronize(device: str) -> None:
    """Wait until the device has done all that was queued; a CPU queues nothing."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def numerics(device: str) -> dict[str, Any]:
    """The current switches that change how a device rounds."""
    import torch

    is_cuda = device.startswith("cuda")
    return {
        "tf32": is_cuda and torch.backends.cuda.matmul.allow_tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
    }
