"""First-party cross-modal losses."""

from __future__ import annotations

from mmbench import Alignment, Int, hookimpl


@hookimpl
def mmbench_alignments() -> list[Alignment]:
    return [
        Alignment(
            "infonce",
            "mmbench_alignments.infonce:InfoNCE",
            role="default",
            summary="Symmetric cross-entropy that finds each sample's other modality in the batch.",
            paper="Radford 2021, ICML, arXiv:2103.00020; van den Oord 2018, arXiv:1807.03748",
            parameters={"dim": Int(16, 64, log=True)},
        ),
    ]
