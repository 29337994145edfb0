"""What a caller says, as text and as speech."""

from __future__ import annotations

from mmbench import Suite
from mmbench_suites.methods import FUSIONS, WEIGHTINGS

__all__ = ["customer_service"]

_ENCODERS = ("speech=recurrent", "text=text_transformer")


def customer_service() -> Suite:
    return Suite(
        "customer-service",
        title="Customer service: text and speech",
        text=(
            "A call reaches a service as speech and as a transcript. Prompts of a telephone exchange, "
            "spoken by one person, stand in for it: `prompts_topic` asks what a prompt is about, "
            "`prompts_retrieval` finds the recording that a text describes. A transformer reads the text and "
            "a recurrent network hears the speech. What real calls add, and these prompts lack: many "
            "voices, noise, and errors of transcription. In retrieval the text alone is the query, so a "
            "fusion has one modality to fuse there."
        ),
        datasets={"prompts_topic": _ENCODERS, "prompts_retrieval": _ENCODERS},
        fusions=FUSIONS,
        weightings=WEIGHTINGS,
        metrics={
            "classification": ("accuracy", "macro_f1", "calibration_error"),
            "retrieval": ("mrr", "r_at_1", "r_at_10"),
        },
        summary="Text and speech of telephone prompts: their topic, and finding one by its text.",
    )
