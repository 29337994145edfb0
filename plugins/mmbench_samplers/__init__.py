"""First-party samplers: which training samples an epoch visits."""

from __future__ import annotations

from mmbench import Choice, Float, Sampler, hookimpl


@hookimpl
def mmbench_samplers() -> list[Sampler]:
    return [
        Sampler(
            "uniform",
            "mmbench_samplers.uniform:Uniform",
            role="default",
            summary="Every training sample once an epoch.",
        ),
        Sampler(
            "class_balanced",
            "mmbench_samplers.class_balanced:ClassBalanced",
            summary="Over-samples rare classes, or weights their samples up.",
            paper="He & Garcia 2009, IEEE TKDE 21(9)",
            parameters={"by": Choice(("sampling", "weights"))},
        ),
        Sampler(
            "modality_balanced",
            "mmbench_samplers.modality_balanced:ModalityBalanced",
            summary="Over-samples the samples that have the modality most samples lack.",
        ),
        Sampler(
            "anomaly_filtered",
            "mmbench_samplers.anomaly_filtered:AnomalyFiltered",
            summary="Drops, or weights down, the samples that a forest isolates in some modality.",
            paper="Liu 2008, ICDM (isolation forest)",
            parameters={"share": Float(0.01, 0.2, log=True), "by": Choice(("drop", "weights"))},
        ),
    ]
