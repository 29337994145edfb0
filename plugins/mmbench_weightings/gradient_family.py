"""The registrations of weightings that aggregate the terms' gradients: a backward pass a term."""

from __future__ import annotations

from mmbench import Choice, Float, Weighting
from mmbench.search import Space

__all__ = ["GRADIENT"]

_MATCH: dict[str, Space] = {"match_norm": Choice((False, True))}

GRADIENT = [
    Weighting(
        "gradnorm",
        "mmbench_weightings.gradnorm:GradNorm",
        family="gradient",
        summary="Weights learned so that each gradient has the length that its loss's training rate asks for.",
        paper="Chen 2018, ICML, arXiv:1711.02257",
        parameters={"alpha": Float(0.5, 3.0), "rate": Float(0.005, 0.1, log=True)},
    ),
    Weighting(
        "mgda",
        "mmbench_weightings.mgda:MGDA",
        family="gradient",
        summary="The shortest convex combination of the gradients.",
        paper="Sener 2018, NeurIPS, arXiv:1810.04650",
        parameters=_MATCH,
    ),
    Weighting(
        "pcgrad",
        "mmbench_weightings.pcgrad:PCGrad",
        family="gradient",
        summary="The sum of gradients that lose their part against each gradient they conflict with.",
        paper="Yu 2020, NeurIPS, arXiv:2001.06782",
        parameters=_MATCH,
    ),
    Weighting(
        "graddrop",
        "mmbench_weightings.graddrop:GradDrop",
        family="gradient",
        summary="One sign of the gradients a coordinate, drawn by its share.",
        paper="Chen 2020, NeurIPS, arXiv:2010.06808",
        parameters={"leak": Float(0.0, 0.9), **_MATCH},
    ),
    Weighting(
        "imtl_g",
        "mmbench_weightings.imtl_g:IMTLG",
        family="gradient",
        summary="The combination of gradients with equal projections on all of them.",
        paper="Liu 2021, ICLR",
        parameters=_MATCH,
    ),
    Weighting(
        "cagrad",
        "mmbench_weightings.cagrad:CAGrad",
        family="gradient",
        summary="The update near the mean gradient that improves the worst loss most.",
        paper="Liu 2021, NeurIPS, arXiv:2110.14048",
        parameters={"c": Float(0.1, 0.9), **_MATCH},
    ),
    Weighting(
        "nash_mtl",
        "mmbench_weightings.nash_mtl:NashMTL",
        family="gradient",
        summary="The Nash bargaining solution between the gradients, solved exactly.",
        paper="Navon 2022, ICML, arXiv:2202.01017",
        parameters=_MATCH,
    ),
    Weighting(
        "aligned_mtl",
        "mmbench_weightings.aligned_mtl:AlignedMTL",
        family="gradient",
        summary="Gradients turned orthogonal and equally long, at the least change.",
        paper="Senushkin 2023, CVPR",
        parameters=_MATCH,
    ),
    Weighting(
        "fairgrad",
        "mmbench_weightings.fairgrad:FairGrad",
        family="gradient",
        summary="α-fair shares of progress between the losses.",
        paper="Ban 2024, ICML, arXiv:2402.15638",
        parameters={"alpha": Float(0.5, 4.0, log=True), **_MATCH},
    ),
    Weighting(
        "upgrad",
        "mmbench_weightings.upgrad:UPGrad",
        family="gradient",
        summary="The mean of the gradients, each projected to where no loss rises.",
        paper="Quinton 2024, arXiv:2406.16232",
        parameters=_MATCH,
    ),
    Weighting(
        "config",
        "mmbench_weightings.config:ConFIG",
        family="gradient",
        summary="The direction at one angle to all gradients, as long as their projections on it.",
        paper="Liu 2024, arXiv:2408.11104",
        parameters=_MATCH,
    ),
    Weighting(
        "db_mtl",
        "mmbench_weightings.db_mtl:DBMTL",
        family="gradient",
        summary="Averaged gradients of the log losses, each as long as the longest.",
        paper="Lin 2023, arXiv:2308.12029",
        parameters={"beta": Float(0.0, 0.95), **_MATCH},
    ),
]
