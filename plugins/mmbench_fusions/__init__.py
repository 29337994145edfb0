"""First-party fusions."""

from __future__ import annotations

from mmbench import Choice, Float, Fusion, Int, hookimpl
from mmbench.search import Space

_MLP: dict[str, Space] = {"hidden": Int(16, 128, log=True), "dropout": Float(0.0, 0.5)}


@hookimpl
def mmbench_fusions() -> list[Fusion]:
    return [*_controls(), *_operators(), *_attention(), *_decisions()]


def _controls() -> list[Fusion]:
    return [
        Fusion(
            "prior",
            "mmbench_fusions.controls:Prior",
            level="none",
            role="prior",
            summary="What the training targets alone predict: class frequencies or the mean.",
        ),
        Fusion(
            "unimodal",
            "mmbench_fusions.controls:Unimodal",
            per_modality="alone",
            role="unimodal",
            summary="One modality alone, through the body of concat.",
            parameters=_MLP,
        ),
        Fusion(
            "shuffled",
            "mmbench_fusions.controls:Shuffled",
            per_modality="named",
            role="shuffled",
            summary="Concat with one modality exchanged between samples: is it used at all?",
            parameters=_MLP,
        ),
        Fusion(
            "concat",
            "mmbench_fusions.operators:Concat",
            role="default",
            summary="Multilayer perceptron on the concatenated features.",
            parameters=_MLP,
        ),
    ]


def _operators() -> list[Fusion]:
    return [
        Fusion(
            "sum",
            "mmbench_fusions.operators:Sum",
            summary="Sum of the features projected to one size.",
        ),
        Fusion(
            "mean",
            "mmbench_fusions.operators:Mean",
            summary="Mean of the features projected to one size, over present modalities.",
        ),
        Fusion(
            "max",
            "mmbench_fusions.operators:Max",
            summary="Elementwise maximum of the features projected to one size.",
        ),
        Fusion(
            "weighted_mean",
            "mmbench_fusions.operators:WeightedMean",
            summary="Mean of the projected features with one learned weight per modality.",
        ),
        Fusion(
            "gated",
            "mmbench_fusions.operators:Gated",
            summary="Gated multimodal unit: each modality gated feature by feature by all.",
            paper="Arevalo 2017, ICLR workshop, arXiv:1702.01992",
        ),
    ]


def _attention() -> list[Fusion]:
    return [
        Fusion(
            "late_transformer",
            "mmbench_fusions.attention:LateTransformer",
            role="control",
            summary="Self-attention over one token per modality, read at a class token.",
            paper="Wild 2025, arXiv:2512.22991",
            parameters={
                "heads": Choice((1, 2, 4)),
                "layers": Int(1, 2),
                "dropout": Float(0.0, 0.5),
            },
        ),
    ]


def _decisions() -> list[Fusion]:
    return [
        Fusion(
            "late_average",
            "mmbench_fusions.decisions:LateAverage",
            level="logits",
            summary="Mean of the present modalities' logits.",
        ),
    ]
