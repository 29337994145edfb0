"""A plugin-based, statistically honest benchmark of multimodal fusion and loss weighting."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mmbench.coefficients import coefficients
from mmbench.hookspecs import hookimpl
from mmbench.registrations import (
    Alignment,
    Dataset,
    Encoder,
    Engine,
    Fusion,
    Modality,
    Report,
    Sampler,
    Suite,
    Weighting,
)
from mmbench.search import Choice, Float, Int, Open

if TYPE_CHECKING:
    from mmbench.artifacts import Artifact, Plot, Table, Text
    from mmbench.contracts import FusionOutput, JacobianWeighting, LossWeighting, Sampling, Term
    from mmbench.data.preparation import InputSpec, Preparation, Prepared
    from mmbench.data.problems import Problems
    from mmbench.data.samples import Samples
    from mmbench.results import load
    from mmbench.runner import run

__version__ = "0.1.0"

# Imported on first use: they bring torch, NumPy or pandas, which listing plugins must not pay for.
_LAZY = {
    "Artifact": "mmbench.artifacts",
    "FusionOutput": "mmbench.contracts",
    "InputSpec": "mmbench.data.preparation",
    "JacobianWeighting": "mmbench.contracts",
    "LossWeighting": "mmbench.contracts",
    "Plot": "mmbench.artifacts",
    "Preparation": "mmbench.data.preparation",
    "Prepared": "mmbench.data.preparation",
    "Problems": "mmbench.data.problems",
    "Samples": "mmbench.data.samples",
    "Sampling": "mmbench.contracts",
    "Table": "mmbench.artifacts",
    "Term": "mmbench.contracts",
    "Text": "mmbench.artifacts",
    "load": "mmbench.results",
    "run": "mmbench.runner",
}

__all__ = [
    "Alignment",
    "Artifact",
    "Choice",
    "Dataset",
    "Encoder",
    "Engine",
    "Float",
    "Fusion",
    "FusionOutput",
    "InputSpec",
    "Int",
    "JacobianWeighting",
    "LossWeighting",
    "Modality",
    "Open",
    "Plot",
    "Preparation",
    "Prepared",
    "Problems",
    "Report",
    "Sampler",
    "Samples",
    "Sampling",
    "Suite",
    "Table",
    "Term",
    "Text",
    "Weighting",
    "coefficients",
    "hookimpl",
    "load",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'mmbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
