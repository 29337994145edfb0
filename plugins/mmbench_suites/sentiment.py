"""What people feel, from what they say and how."""

from __future__ import annotations

from mmbench import Suite
from mmbench_suites.methods import WEIGHTINGS

__all__ = ["sentiment"]


def sentiment() -> Suite:
    return Suite(
        "sentiment",
        title="Sentiment: words, voice and face",
        text=(
            "Sentiment is told by words, voice and face. The corpora of the field, MOSI, MOSEI and "
            "SIMS, lie on disk, in the files of MultiBench or of MMSA. What ships with the package "
            "stands in for them only in part: films, whose title, people and facts predict the share "
            "of favourable reviews (`movies_meter`) and the genres (`movies_genres`). They are text "
            "beside numbers, and nobody speaks in them."
        ),
        datasets={
            "movies_meter": (),
            "movies_genres": (),
            "mosi_data": (),
            "mosi_raw": (),
            "mosei_senti_data": (),
            "mosei_raw": (),
            "mmsa_mosi": (),
            "mmsa_mosei": (),
            "mmsa_sims": (),
        },
        weightings=WEIGHTINGS,
        metrics={"multilabel": ("map", "micro_f1", "macro_f1"), "regression": ("r2", "mae")},
        summary="Sentiment from words, voice and face; films as stand-ins that ship with the package.",
    )
