"""The registrations of weightings with one factor on each loss, and one backward pass."""

from __future__ import annotations

from mmbench import Float, Weighting

__all__ = ["SCALAR"]

SCALAR = [
    Weighting(
        "equal",
        "mmbench_weightings.equal:Equal",
        role="default",
        family="scalar",
        summary="Sum of the terms, each times its λ or w from the user's tables, or 1.",
    ),
    Weighting(
        "fixed",
        "mmbench_weightings.fixed:Fixed",
        family="scalar",
        summary="One weight per kind of term; the user's tables where they speak.",
        # Only ratios matter to the search, and auxiliary losses carry their published weights.
        parameters={
            "joint": Float(1.0, 1.0),
            "uni": Float(0.01, 1.0, log=True),
            "align": Float(0.01, 1.0, log=True),
            "aux": Float(1.0, 1.0),
        },
    ),
    Weighting(
        "uncertainty",
        "mmbench_weightings.uncertainty:Uncertainty",
        family="scalar",
        summary="Weights learned as the terms' homoscedastic uncertainty.",
        paper="Kendall 2018, CVPR, arXiv:1705.07115",
    ),
    Weighting(
        "random",
        "mmbench_weightings.random:Random",
        family="scalar",
        summary="Weights drawn anew for every batch: softmax of normal numbers.",
        paper="Lin 2022, TMLR, arXiv:2111.10603",
    ),
    Weighting(
        "geometric",
        "mmbench_weightings.geometric:Geometric",
        family="scalar",
        summary="The geometric mean of the terms.",
        paper="Chennupati 2019, CVPR Workshops, arXiv:1904.08492",
    ),
    Weighting(
        "imtl_l",
        "mmbench_weightings.imtl_l:IMTLL",
        family="scalar",
        summary="Scales learned so that all terms weigh the same.",
        paper="Liu 2021, ICLR",
    ),
    Weighting(
        "dwa",
        "mmbench_weightings.dwa:DWA",
        family="scalar",
        summary="More weight for the terms that fall slowly from epoch to epoch.",
        paper="Liu 2019, CVPR, arXiv:1803.10704",
        parameters={"temperature": Float(0.5, 5.0, log=True)},
    ),
    Weighting(
        "stch",
        "mmbench_weightings.stch:STCH",
        family="scalar",
        summary="Smooth Tchebycheff: the smooth worst of the terms, in units of their first epoch.",
        paper="Lin 2024, ICML, arXiv:2402.19078",
        parameters={"mu": Float(0.01, 1.0, log=True)},
    ),
    Weighting(
        "famo",
        "mmbench_weightings.famo:FAMO",
        family="scalar",
        summary="Weights learned so that the logarithms of all terms fall at one rate.",
        paper="Liu 2023, NeurIPS, arXiv:2306.03792",
        parameters={
            "lr": Float(0.005, 0.1, log=True),
            "decay": Float(1e-5, 1e-2, log=True),
        },
    ),
]
