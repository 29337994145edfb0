"""The rows that `mmbench latency` writes, and reading them back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mmbench.errors import UsageError
from mmbench.journal import Journal
from mmbench.results import MEASUREMENTS, MEASUREMENTS_MANIFEST

__all__ = [
    "CELL",
    "COLUMNS",
    "framed",
    "load_measurements",
]


CELL = {
    "dataset": "whose training part gives the samples",
    "fusion": "`<fusion>:again` is the A/A arm: the first fusion, built and measured a second time",
    "fusion_role": "as registered; `again` for the A/A arm",
    "batch": "samples of one call",
    "device": "cpu, cuda or cuda:N",
    "precision": "float32, or the type that autocast casts to",
    "mode": "eager, compiled (one graph by torch.compile) or onnx (ONNX Runtime)",
    "threads": "that one call may use on the CPU",
}
"""What a row is about."""


def _quantile(name: str, text: str) -> dict[str, str]:
    ends = "end of its 95 % interval, which takes calls for independent"
    return {
        f"{name}_ms": text,
        f"{name}_low_ms": f"lower {ends}",
        f"{name}_high_ms": f"upper {ends}",
    }


COLUMNS = {
    **CELL,
    "samples": "calls timed one by one, back to back: a single stream",
    **_quantile("median", "half of the calls took no longer"),
    **_quantile("p90", "nine in ten took no longer; null below 36 calls"),
    **_quantile("p99", "99 in 100 took no longer; null below 368 calls"),
    "throughput": "samples per second, by the median",
    "noise_floor": "relative difference of the A/A arm's median, the same for all rows of a round",
    "reference_ms": "median of a fixed program in the same rounds: what it changes between runs is noise",
    "encoder_ms": "median time in the encoders; null but in eager mode, likewise the next three",
    "fusion_ms": "in the fusion",
    "head_ms": "in the heads, those of single modalities included",
    "rest_ms": "elsewhere in the pass: masks, pooling, absent modalities",
    "first_result_ms": "from building the model to its first output, libraries being loaded",
    "compile_ms": "what compiling or exporting took of it; null in eager mode",
    "peak_memory_mb": "of tensors that a call makes, in MiB; null on the CPU but in eager mode",
    "params": "parameters of the model",
    "flops": "of matrix products, convolutions and attention, of the eager model",
    "uncounted": "operator -> calls that have no formula",
    "energy_mj": "of a call, in mJ; null where no counter may be read",
    "energy_source": "`measured:` and which counter",
    "load_bound_ms": "the bound of --bound on the 99th percentile under Poisson arrivals",
    "load_rate": "the greatest rate tried that keeps it, calls per second; 0 for none",
    "load_p99_ms": "at that rate, from scheduled arrival to completion",
}
"""Column -> what it holds. A row has besides what every record has (`status`, `error`, versions)."""


def framed(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows with all `COLUMNS`, NaN where a number was not measured, and with what they have besides."""
    found = pd.DataFrame(rows)
    frame = found.reindex(columns=[*COLUMNS, *found.columns.difference(list(COLUMNS))])
    numbers = set(COLUMNS) - {*CELL, "uncounted", "energy_source"}
    return frame.astype(dict.fromkeys(sorted(numbers), float))


def load_measurements(folder: Path) -> pd.DataFrame:
    """The rows of a folder with all `COLUMNS`; `attrs["manifest"]` says how they were measured.

    Raises:
        UsageError: if there are none.
    """
    manifest = folder / MEASUREMENTS_MANIFEST
    if not manifest.is_file():
        raise UsageError(
            f"Expected a folder with {MEASUREMENTS}. Found none in {folder}. "
            f"`mmbench latency --out {folder}` makes one."
        )
    frame = framed(Journal(folder, MEASUREMENTS).read())
    about: dict[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))
    frame.attrs["manifest"] = about
    return frame
