"""The hooks. Each takes nothing and returns registrations."""

from __future__ import annotations

import pluggy

from mmbench.registrations import (
    Alignment,
    Dataset,
    Encoder,
    Engine,
    Fusion,
    Report,
    Sampler,
    Suite,
    Weighting,
)

PROJECT = "mmbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def mmbench_alignments() -> list[Alignment]:  # type: ignore[empty-body]
    """Cross-modal losses."""


@hookspec
def mmbench_datasets() -> list[Dataset]:  # type: ignore[empty-body]
    """Datasets."""


@hookspec
def mmbench_encoders() -> list[Encoder]:  # type: ignore[empty-body]
    """Encoders from raw modality to tokens."""


@hookspec
def mmbench_engines() -> list[Engine]:  # type: ignore[empty-body]
    """Ways to execute jobs."""


@hookspec
def mmbench_fusions() -> list[Fusion]:  # type: ignore[empty-body]
    """Fusion strategies."""


@hookspec
def mmbench_reports() -> list[Report]:  # type: ignore[empty-body]
    """Sections of the report."""


@hookspec
def mmbench_samplers() -> list[Sampler]:  # type: ignore[empty-body]
    """Rules for which training samples an epoch visits."""


@hookspec
def mmbench_suites() -> list[Suite]:  # type: ignore[empty-body]
    """Settings of use."""


@hookspec
def mmbench_weightings() -> list[Weighting]:  # type: ignore[empty-body]
    """Loss weightings."""
