"""From a folder of measurements to its tables, plots and page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mmbench.artifacts import Table
from mmbench.latency.against import compared, other_circumstances
from mmbench.latency.rows import load_measurements
from mmbench.latency.table import changes, latencies
from mmbench.registrations import Report
from mmbench.reporting import write_report
from mmbench.reporting.page import Head
from mmbench.runner import sections_of

__all__ = ["write_latency_report"]


def write_latency_report(
    folder: Path, before: pd.DataFrame | None = None, out: Path | None = None
) -> tuple[list[Table], Path]:
    """Write the sections about a folder's measurements, by default into it.

    Args:
        folder: of measurements.
        before: measurements of an earlier folder; what has changed since is a section too.
        out: where to write instead.

    Returns:
        The tables to print, and the page.
    """
    frame = load_measurements(folder)
    tables, sections = [latencies(frame)], sections_of("latency")
    if before is not None:
        circumstances = other_circumstances(frame.attrs["manifest"], before.attrs["manifest"])
        changed = changes(compared(frame, before), circumstances)
        tables.append(changed)
        sections.append(Report("changes", lambda _: [changed], title="Against before", order=0))
    return tables, write_report(frame, sections, out or folder, _head(frame))


def _head(frame: pd.DataFrame) -> Head:
    machine = frame.attrs["manifest"]["machine"]
    floor = frame["noise_floor"].max()
    noise = "an unknown noise" if pd.isna(floor) else f"an A/A noise of at most {floor:.1%}"
    headline = (
        f"Latency of {frame['fusion'].nunique()} models on {frame['dataset'].iloc[0]}, with {noise}"
    )
    facts = [str(machine["cpu"]), *(device["name"] for device in machine["devices"])]
    facts += [f"threads {machine['threads']}", f"torch {machine['torch']}"]
    facts.append(f"{int((frame['status'] == 'failed').sum())} failed")
    return Head(headline, facts)
