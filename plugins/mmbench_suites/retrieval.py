"""Finding in one modality what another describes."""

from __future__ import annotations

from mmbench import Suite

__all__ = ["retrieval"]


def retrieval() -> Suite:
    return Suite(
        "retrieval",
        title="Retrieval across modalities",
        text=(
            "A text or a picture is the query, and what belongs to it is to be found in another "
            "modality. `prompts_retrieval` ships with the package: the recording of a telephone "
            "prompt, by its text. Captions of MS COCO and reports of chest X-rays lie on disk. Each "
            "has one modality as its query, so a fusion has one to fuse and is no more than a head; "
            "what makes the difference is how well two encoders meet. Try `--alignment '*'` and other "
            "encoders with `-e`."
        ),
        datasets={
            "prompts_retrieval": ("speech=recurrent", "text=text_transformer"),
            "coco_captions": (),
            "xray_reports": (),
        },
        fusions=("concat", "early_transformer", "gated", "late_transformer"),
        weightings=("equal", "uncertainty"),
        metrics={"retrieval": ("mrr", "r_at_1", "r_at_5", "r_at_10")},
        summary="Speech by its text, a picture by its caption, a report by its picture.",
    )
