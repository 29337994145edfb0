"""Pictures with reports, and patients in intensive care."""

from __future__ import annotations

from mmbench import Suite
from mmbench_suites.methods import FUSIONS, WEIGHTINGS

__all__ = ["medical"]


def medical() -> Suite:
    return Suite(
        "medical",
        title="Medicine: images, reports and admissions",
        text=(
            "A chest X-ray is read with its report; a patient in intensive care is known by measurements "
            "over 24 hours and by facts of the admission. Data of patients may not be shipped with a "
            "package, and nothing here stands in for them: every dataset of this suite lies on disk. "
            "`xray_reports` finds the report of a picture and has one modality as its query; the "
            "`mimic` tasks fuse two. Labels are rare and uneven, so look at the macro averages and at "
            "calibration, not at accuracy alone."
        ),
        datasets={
            "xray_reports": (),
            "mimic_mortality": (),
            "mimic_icd9": (),
        },
        fusions=FUSIONS,
        weightings=WEIGHTINGS,
        metrics={
            "classification": ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error"),
            "multilabel": ("map", "micro_f1", "macro_f1"),
            "retrieval": ("mrr", "r_at_1", "r_at_10"),
        },
        summary="Chest X-rays with reports, and admissions to intensive care; all on disk.",
    )
