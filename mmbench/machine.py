"""The machine a job runs on: what it is, which device is used and how much memory was needed."""

from __future__ import annotations

import contextlib
import gc
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmbench.errors import UsageError

__all__ = [
    "amd_with_avx512",
    "collection_paused",
    "describe",
    "peak_memory",
    "require_compiler",
    "reset_peak_memory",
    "resolve_device",
    "usable_cores",
]

MEGABYTE = 1_000_000
STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
CPU_INFO = Path("/proc/cpuinfo")
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
"""What OpenBLAS asks of a processor for its AVX-512 code."""


def describe() -> dict[str, Any]:
    """Hardware and versions, as JSON values; None where the system does not tell."""
    import torch

    cuda = torch.cuda.is_available()
    return {
        "platform": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_gb": _memory_gb(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "blas": _blas(),
        "cuda": torch.version.cuda if cuda else None,
        "devices": [_cuda_device(index) for index in range(torch.cuda.device_count())],
    }


def usable_cores() -> int:
    """The cores this process may run on, which a container or a scheduler can restrict."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def amd_with_avx512() -> bool:
    """Whether this is AMD's processor and has AVX-512; false outside Linux, which tells."""
    try:
        first, _, _ = CPU_INFO.read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return False
    return "AuthenticAMD" in first and set(first.split()) >= AVX512


def resolve_device(device: str) -> str:
    """The torch device that `auto`, `cpu`, `cuda` or `cuda:N` stands for; `auto` prefers CUDA.

    Raises:
        UsageError: if the device is unknown or this machine lacks it.
    """
    if device == "cpu":
        return "cpu"
    if not re.match(r"(auto|cuda(:\d+)?)\Z", device):
        raise UsageError(
            f"Expected the device to be auto, cpu, cuda or cuda:N. Found {device!r}. "
            f"Choose one of them."
        )
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda" if count else "cpu"
    if int(device.partition(":")[2] or 0) >= count:
        raise UsageError(
            f"Expected a CUDA device for {device!r}. Found {count} that torch "
            f"{torch.__version__} can use. Choose 'auto' or 'cpu', or install a torch that was "
            f"built for CUDA."
        )
    return device


def require_compiler(device: str) -> None:
    """Raise a UsageError where `torch.compile` has no compiler for the device."""
    compilers = [os.environ.get("CXX", ""), "c++", "g++", "clang++", "cl"]
    if device == "cpu" and not any(map(shutil.which, filter(None, compilers))):
        raise UsageError(
            "Expected a C++ compiler, which torch.compile needs on the CPU. Found none on the PATH. "
            "Install one, or set CXX."
        )


def reset_peak_memory(device: str = "cpu") -> None:
    """Start a new peak, at the memory in use now.

    Only Linux can do so for resident memory; elsewhere the peak is that of the whole process.
    """
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        return
    with contextlib.suppress(
        OSError
    ):  # No such file outside Linux, no permission in some sandboxes.
        CLEAR_REFS.write_text("5")


def peak_memory(device: str = "cpu") -> float | None:
    """The peak since `reset_peak_memory`, in MB of 10^6 bytes; None where the system does not tell.

    On the CPU it is the resident memory of the whole process, libraries included; on CUDA what
    torch's allocator gave to tensors.
    """
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.max_memory_allocated(device)) / MEGABYTE
    kilobytes = _field(STATUS, "VmHWM")
    if kilobytes is not None:
        return int(kilobytes.split()[0]) * 1024 / MEGABYTE
    return _process_peak()


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the garbage collector off until the block ends."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _process_peak() -> float | None:
    """The peak resident memory since the process began, in MB."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, the others kibibytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def _cpu_model() -> str | None:
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        with contextlib.suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True).stdout.strip() or None  # noqa: S603
    name = _field(Path("/proc/cpuinfo"), "model name")
    return name or platform.processor() or platform.machine() or None


def _memory_gb() -> float | None:
    """Physical memory in GB of 10^9 bytes."""
    if sys.platform == "win32":
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)


def _blas() -> list[str]:
    """The libraries beside torch's own that multiply matrices, and the instructions they use."""
    import numpy  # noqa: F401 - what is not loaded is not found
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    parts = ("internal_api", "version", "architecture")
    return sorted({" ".join(str(of[part]) for part in parts if of.get(part)) for of in found})


def _cuda_device(index: int) -> dict[str, Any]:
    import torch

    properties = torch.cuda.get_device_properties(index)
    return {
        "name": properties.name,
        "memory_gb": round(properties.total_memory / 1e9, 1),
        "capability": f"{properties.major}.{properties.minor}",
    }


def _field(path: Path, name: str) -> str | None:
    """The value of the first `name: value` line of a file."""
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}\s*:\s*(.+)$", path.read_text(), re.MULTILINE)
        return found[1] if found else None
    return None
