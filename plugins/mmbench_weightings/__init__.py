"""First-party loss weightings."""

from __future__ import annotations

from mmbench import Float, Weighting, hookimpl


@hookimpl
def mmbench_weightings() -> list[Weighting]:
    return [
        Weighting(
            "equal",
            "mmbench_weightings.equal:Equal",
            role="default",
            summary="Sum of the terms, each times its λ or w from the user's tables, or 1.",
        ),
        Weighting(
            "fixed",
            "mmbench_weightings.fixed:Fixed",
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
            summary="Weights learned as the terms' homoscedastic uncertainty.",
            paper="Kendall 2018, CVPR, arXiv:1705.07115",
        ),
    ]
