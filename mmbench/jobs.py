"""The unit of work: one fully specified training run, and the key that names it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mmbench.budgets import Budget
from mmbench.seeding import derive

__all__ = ["AGAIN", "SCHEMA", "Job", "Objective", "Pick", "digest"]

SCHEMA = 2
"""Version of the record. Raise it when a change of the harness changes what records say."""
AGAIN = ":again"
"""What the name of the A/A arm's second entry ends with."""


@dataclass(frozen=True)
class Pick:
    """A registration chosen by name, with the parameters that the user fixed.

    Attributes:
        name: of the registration.
        params: fixed parameters.
        modality: of a per-modality arm, such as `unimodal:image`.

    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    modality: str = ""

    def __str__(self) -> str:
        arm = f":{self.modality}" if self.modality else ""
        listed = ",".join(f"{key}={_spell(value)}" for key, value in sorted(self.params.items()))
        return f"{self.name}{arm}[{listed}]" if listed else f"{self.name}{arm}"


@dataclass(frozen=True)
class Objective:
    """Which terms the joint loss has.

    Attributes:
        terms: `joint`, `joint+uni` or `joint+uni+align`.
        alignment: the loss L_ij of the `align` terms.
        lambdas: modality (or `joint`) -> λ, where the user gave a table.
        ws: `i->j` -> w_ij, where the user gave a table.

    """

    terms: str = "joint"
    alignment: Pick | None = None
    lambdas: Mapping[str, float] = field(default_factory=dict)
    ws: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.terms

    @property
    def tables(self) -> str:
        """The user's λ and w as one string, `image=0.5,image->text=0.1`."""
        entries = sorted({**self.lambdas, **self.ws}.items())
        return ",".join(f"{name}={value:g}" for name, value in entries)


@dataclass(frozen=True)
class Job:
    """One (dataset, encoders, fusion, objective, weighting, seed, budget).

    Attributes:
        modalities: the dataset's modalities that take part, sorted.
        encoders: modality -> encoder.
        again: the second entry of the A/A arm: the same data, another training seed.
        sources: plugin module -> hash of its source, for every plugin the job uses.
        data: fingerprint of the dataset's files and parameters.
        match_params: number of parameters every model is brought to, or the fusion whose number it is.
        reference: the job whose model that is.
        search: hyperparameter -> space it is drawn from, where the budget has more than one trial.
        sampler: which training samples an epoch visits; every one, once, where it is None.
        precision: `float32`, or what autocast casts matrix products to; `float16` with a scale on gradients.
        mode: `eager` or `compiled`.
        fusion_role: for the record; `again` for the second entry of the A/A arm.
        weighting_role: for the record; likewise `sampler_role`.
        suite: for the record: the setting of use in which the job first ran; the same job outside is one job.

    """

    dataset: Pick
    modalities: tuple[str, ...]
    encoders: Mapping[str, Pick]
    fusion: Pick
    objective: Objective
    weighting: Pick
    seed: int
    budget: Budget
    device: str = "cpu"
    again: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    match_params: str = ""
    reference: Job | None = None
    search: Mapping[str, str] = field(default_factory=dict)
    sampler: Pick | None = None
    precision: str = "float32"
    mode: str = "eager"
    fusion_role: str = ""
    weighting_role: str = ""
    sampler_role: str = ""
    suite: str = ""

    @property
    def shareable(self) -> bool:
        """Whether its training can share a pass with others, plugins apart."""
        return self.mode == "eager" and self.precision != "float16"

    def spec(self) -> dict[str, Any]:
        """The canonical specification: what the key is made of, part by part."""
        budget = {**vars(self.budget)}  # `asdict` takes a sixth of a plan's time
        budget.pop("seeds")
        return {
            "dataset": str(self.dataset),
            "modalities": list(self.modalities),
            "encoders": {name: str(pick) for name, pick in sorted(self.encoders.items())},
            "fusion": self.fusion_name,
            "objective": {
                "terms": self.objective.terms,
                "alignment": str(self.objective.alignment or ""),
                "lambda": dict(sorted(self.objective.lambdas.items())),
                "w": dict(sorted(self.objective.ws.items())),
            },
            "weighting": str(self.weighting),
            "sampler": str(self.sampler or ""),
            "seed": self.seed,
            "budget": budget,
            "device": self.device,
            "precision": self.precision,
            "mode": self.mode,
            "sources": dict(sorted(self.sources.items())),
            "data": self.data,
            "match_params": self.match_params,
            "search": dict(sorted(self.search.items())),
            "schema": SCHEMA,
        }

    @property
    def fusion_name(self) -> str:
        """How the fusion is listed; the A/A arm's second entry is `<fusion>:again`."""
        return f"{self.fusion}{AGAIN}" if self.again else str(self.fusion)

    @property
    def training_seed(self) -> int:
        """Seed of everything but the split; the A/A arm's second entry has one of its own."""
        return derive(self.seed, "again") if self.again else self.seed

    @cached_property
    def key(self) -> str:
        return digest(self.spec())

    def columns(self) -> dict[str, Any]:
        """The columns of a record that are known before the job runs."""
        return {
            "job": self.key,
            "suite": self.suite,
            "dataset": str(self.dataset),
            "modalities": "+".join(self.modalities),
            "encoders": ",".join(f"{name}={pick}" for name, pick in sorted(self.encoders.items())),
            "fusion": self.fusion_name,
            "fusion_role": self.fusion_role,
            "objective": str(self.objective),
            "alignment": str(self.objective.alignment or ""),
            "lambdas": self.objective.tables,
            "weighting": str(self.weighting),
            "weighting_role": self.weighting_role,
            "sampler_role": self.sampler_role,
            "sampler": str(self.sampler or ""),
            "seed": self.seed,
            "budget": self.budget.name,
            "match_params": self.match_params,
            "device": self.device,
            "precision": self.precision,
            "mode": self.mode,
            "spec": json.dumps(self.spec(), sort_keys=True),
        }


def digest(value: Any) -> str:
    """A short stable hash of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _spell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
