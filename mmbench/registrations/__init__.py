"""What a plugin hands to the harness: light descriptions of the things it brings.

A registration names its target as `"module:attribute"` (imported only when a job needs it) or gives the
object itself. Listing plugins reads registrations only.
"""

from __future__ import annotations

from mmbench.registrations.base import NAME, TASKS, Registration, Target
from mmbench.registrations.data import KINDS, Dataset, Kind, Modality, Suite
from mmbench.registrations.methods import (
    LEVELS,
    Alignment,
    Encoder,
    Engine,
    Fusion,
    Report,
    Sampler,
    Weighting,
)

__all__ = [
    "KINDS",
    "LEVELS",
    "NAME",
    "TASKS",
    "Alignment",
    "Dataset",
    "Encoder",
    "Engine",
    "Fusion",
    "Kind",
    "Modality",
    "Registration",
    "Report",
    "Sampler",
    "Suite",
    "Target",
    "Weighting",
]
