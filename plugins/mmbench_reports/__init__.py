"""The sections of the report. Each is a pure function of the records' DataFrame."""

from __future__ import annotations

import mmbench


@mmbench.hookimpl
def mmbench_reports() -> list[mmbench.Report]:
    return [
        mmbench.Report(
            "setting",
            "mmbench_reports.setting:section",
            title="The setting and its data",
            order=65,
            summary="The data of the run; of a suite its text, its metrics and what it goes without",
        ),
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
            "latency_rounds",
            "mmbench_reports.latency_rounds:section",
            title="Latency",
            order=41,
            records="latency",
            summary="Quantiles of every fusion in every variant, beside the A/A arm's noise floor",
            paper="Conover 1999, Practical Nonparametric Statistics, 3.2 (the intervals)",
        ),
        mmbench.Report(
            "latency_parts",
            "mmbench_reports.latency_parts:section",
            title="Where the time goes",
            order=42,
            records="latency",
            summary="A forward pass split by encoders, fusion and heads, with FLOPs and memory",
        ),
        mmbench.Report(
            "weightings",
            "mmbench_reports.weightings:section",
            title="Loss weightings",
            order=50,
            summary="Every loss weighting against the default one, beside what it has to beat",
        ),
        mmbench.Report(
            "grid",
            "mmbench_reports.grid:section",
            title="Fusions under weightings",
            order=51,
            summary="Every fusion under every weighting, with what differs from the default one",
        ),
        mmbench.Report(
            "weighting_cost",
            "mmbench_reports.weighting_cost:section",
            title="Cost of a weighting",
            order=52,
            summary="Backward passes and time a batch, as a ratio to the default weighting",
        ),
        mmbench.Report(
            "trajectories",
            "mmbench_reports.trajectories:section",
            title="Weights in the course of training",
            order=53,
            summary="λ and w by epoch, for the weightings that move them",
        ),
        mmbench.Report(
            "conflict",
            "mmbench_reports.conflict:section",
            title="Do the terms conflict?",
            order=54,
            summary="Cosines between the terms' gradients at each encoder",
        ),
        mmbench.Report(
            "balance",
            "mmbench_reports.balance:section",
            title="What does each encoder learn?",
            order=55,
            summary="Linear probes of the encoders: which modality is slow, and what raises it",
            paper="Alain & Bengio 2016, arXiv:1610.01644 (linear probes)",
        ),
        mmbench.Report(
            "co_learning",
            "mmbench_reports.co_learning:section",
            title="Do modalities help each other?",
            order=56,
            summary="Each modality trained alone against itself after joint training",
        ),
        mmbench.Report(
            "samplers",
            "mmbench_reports.samplers:section",
            title="Samplers",
            order=57,
            summary="Every sampler against the main one, paired over seeds",
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
