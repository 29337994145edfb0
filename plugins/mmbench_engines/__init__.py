"""Ways to execute jobs."""

from __future__ import annotations

from mmbench import Engine, hookimpl


@hookimpl
def mmbench_engines() -> list[Engine]:
    return [
        Engine(
            "local",
            "mmbench_engines.local:run",
            role="default",
            summary="Processes on this machine; a crash or a hang costs one job.",
        )
    ]
