"""Data whose interactions are known in bits."""

from __future__ import annotations

from mmbench import Suite

__all__ = ["interactions"]


def interactions() -> Suite:
    return Suite(
        "interactions",
        title="Interactions: what fusing can and cannot do",
        text=(
            "Generated data of two modalities, whose information about the class is known in bits: "
            "both say the same (`interactions_redundancy`), each says its own half "
            "(`interactions_unique`), only both together say anything (`interactions_synergy`), and one "
            "bit of each (`interactions_mixed`). Expect one modality to suffice for redundancy; sums of "
            "decisions to suffice for uniqueness; and for synergy every single modality, and every average "
            "of decisions, to stay at chance, while a fusion that multiplies or attends, or passes the joined "
            "features through hidden layers, solves it. On the mixed set 1/4 is the most that one modality "
            "gives, and 1/2 all but the synergy."
        ),
        datasets={
            "interactions_redundancy": (),
            "interactions_unique": (),
            "interactions_synergy": (),
            "interactions_mixed": (),
        },
        fusions=(
            *("bilinear", "low_rank_tensor", "tensor_fusion"),
            *("cross_attention", "early_transformer", "late_transformer"),
            *("late_average", "late_product", "late_weighted"),
        ),
        weightings=("equal",),
        metrics={"classification": ("accuracy", "log_loss")},
        summary="Redundancy, uniqueness and synergy in known amounts: which fusion gets which.",
        paper="Liang 2023, NeurIPS, arXiv:2302.12247",
    )
