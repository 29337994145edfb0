"""One record: what one job gave, as a flat row of JSON values, also when it failed."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import traceback
from typing import Any

from mmbench.jobs import SCHEMA

__all__ = ["failed", "opened", "skipped"]


def opened(columns: dict[str, Any]) -> dict[str, Any]:
    """The record of an item that starts now: its known columns and where it runs."""
    import mmbench

    return {
        **columns,
        "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="milliseconds"
        ),
        "mmbench_version": mmbench.__version__,
        "torch_version": importlib.metadata.version("torch"),
        "python_version": platform.python_version(),
        "schema": SCHEMA,
    }


def failed(record: dict[str, Any], phase: str, error: BaseException | str) -> dict[str, Any]:
    """The record of an item that failed in `phase`."""
    message = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    trace = "" if isinstance(error, str) else "".join(traceback.format_exception(error))[-4000:]
    return {**record, "status": "failed", "phase": phase, "error": message, "traceback": trace}


def skipped(record: dict[str, Any], phase: str, reason: BaseException) -> dict[str, Any]:
    """The record of an item that has no meaning for its data, as was found in `phase`."""
    return {**record, "status": "skipped", "phase": phase, "error": str(reason), "traceback": ""}
