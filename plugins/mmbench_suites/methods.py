"""What suites of real settings try, where not everything there is."""

from __future__ import annotations

__all__ = ["FUSIONS", "WEIGHTINGS"]

FUSIONS = (
    *("sum", "gated", "film", "low_rank_tensor", "mixture_of_experts"),
    *("cross_attention", "early_transformer", "bottleneck"),
    *("late_average", "stacking"),
)
"""Of each family of fusions one or two; for data on which a job is slow. The controls come besides."""

WEIGHTINGS = ("equal", "gradient_blending", "ogm_ge", "uncertainty")
"""Uniform weights, and one rule each that follows overfitting, imbalance between modalities, and noise."""
