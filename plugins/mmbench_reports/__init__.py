"""The sections of the report. Each is a pure function of the records' DataFrame."""

from __future__ import annotations

import mmbench


@mmbench.hookimpl
def mmbench_reports() -> list[mmbench.Report]:
    return [
        mmbench.Report(
            "verdict",
            "mmbench_reports.verdict:section",
            title="Does fusion help?",
            order=10,
            summary="The best fusion against the best single modality, with an interval",
            paper="Nadeau & Bengio 2003, Machine Learning 52 (the interval)",
        ),
        mmbench.Report(
            "modalities",
            "mmbench_reports.modalities:section",
            title="Is each modality used?",
            order=20,
            summary="What is lost when one modality is shuffled across samples",
        ),
        mmbench.Report(
            "ranking",
            "mmbench_reports.ranking:section",
            title="Ranking",
            order=30,
            summary="Every method by average rank and per dataset, with its costs and failures",
        ),
        mmbench.Report(
            "latency",
            "mmbench_reports.latency:section",
            title="Quality against latency",
            order=40,
            summary="Test score against the latency of one sample, with the Pareto front",
        ),
        mmbench.Report(
            "weightings",
            "mmbench_reports.weightings:section",
            title="Loss weightings",
            order=50,
            summary="Every loss weighting against the default one, paired over seeds",
        ),
        mmbench.Report(
            "curves",
            "mmbench_reports.curves:section",
            title="Learning curves",
            order=60,
            summary="Validation score by epoch of a few methods",
        ),
        mmbench.Report(
            "failures",
            "mmbench_reports.failures:section",
            title="Failures",
            order=70,
            summary="Every job that failed and every plugin that did not load",
        ),
        mmbench.Report(
            "run",
            "mmbench_reports.run:section",
            title="The run",
            order=80,
            summary="Protocol, splits and environment, and how to repeat the run",
        ),
    ]
