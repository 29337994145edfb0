"""The registrations of methods, of sections of the report, and of engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from mmbench.errors import PluginError
from mmbench.registrations.base import TASKS, Registration, Target

__all__ = ["LEVELS", "Alignment", "Encoder", "Engine", "Fusion", "Report", "Sampler", "Weighting"]

LEVELS: tuple[str, ...] = ("input", "tokens", "pooled", "logits", "none")


@dataclass(frozen=True)
class Fusion(Registration):
    """A fusion strategy: `target(dims, out_dim, **parameters)` gives a `torch.nn.Module`.

    `dims` is `{modality: feature size}` with its keys sorted. What `forward` is given depends on `level`:

    ======== ============================================================ ======================
    level    forward                                                      returns
    ======== ============================================================ ======================
    input    `(inputs {m: (B, T, C_m)}, masks {m: (B, T)})`               `(B, out_dim)`
    tokens   `(tokens {m: (B, T_m, D_m)}, masks {m: (B, T_m)})`           `(B, out_dim)`
    pooled   `(features {m: (B, D_m)})`                                   `(B, out_dim)`
    logits   `(logits {m: (B, C)})`, `dims` are C and so is `out_dim`     `(B, C)`, the prediction
    none     `(batch_size)`: a predictor that sees no input               `(B, C)`, the prediction
    ======== ============================================================ ======================

    A fusion at the level `input` stands in the place of the encoders: it is given the prepared series of
    modalities with one time base, and `dims` are their numbers of channels.

    A `forward` that names an argument `presence` is given `{m: (B,) bool}`; to the others an absent modality
    is zeros and a false mask. One that names an argument `targets` is given the batch's encoded targets in
    training mode, for a loss of its own, and None otherwise. It may return `mmbench.FusionOutput`. A module
    with a method `initialise(task, targets)` is given the training targets once, before training. A target
    that has no meaning for the data raises `mmbench.errors.NotApplicable`: its job is skipped.

    Attributes:
        level: what the fusion is given.
        per_modality: `"alone"`: one arm `name:m` per modality, given only that modality; `"named"`: one arm
            `name:m` per modality, given all and the name as the parameter `modality`.
        role: `"control"` is part of every comparison; `"default"` is the control that stands where a run
            names no fusion and is entered twice (the A/A arm); `"prior"` predicts without input and
            `"unimodal"` from one modality: what fusing is measured against.
        vectorises: whether several of it can train in one `vmap` with the results of each alone. False for
            one that draws random numbers (dropout apart), changes buffers in `forward`, branches on data, or
            counts its calls: what `forward` does for the first batches is repeated for the others.
        tasks: the tasks it has a meaning for, all where left out; a job of another is skipped.

    """

    kind: ClassVar[str] = "fusion"

    level: Literal["input", "tokens", "pooled", "logits", "none"] = field(
        default="pooled", kw_only=True
    )
    per_modality: Literal["", "alone", "named"] = field(default="", kw_only=True)
    role: Literal["", "control", "default", "prior", "unimodal", "shuffled"] = field(
        default="", kw_only=True
    )
    vectorises: bool = field(default=True, kw_only=True)
    tasks: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.level not in LEVELS:
            raise PluginError(
                f"Expected the level of fusion {self.name!r} to be one of {', '.join(LEVELS)}. "
                f"Found {self.level!r}."
            )
        if not set(self.tasks) <= set(TASKS):
            raise PluginError(
                f"Expected the tasks of fusion {self.name!r} to be among {', '.join(TASKS)}. "
                f"Found {', '.join(self.tasks)}."
            )


@dataclass(frozen=True)
class Encoder(Registration):
    """An encoder: `target(spec, dim, **parameters)` gives a `torch.nn.Module`.

    `spec` is the `mmbench.InputSpec` of what it is given. `forward(x, mask)`, with x `(B, …)` and mask
    `(B, T)` or None, returns tokens `(B, T, dim)` and their mask `(B, T)`.

    Attributes:
        kinds: the kinds of modality it takes.
        default_for: the kinds it is chosen for where nobody names an encoder.
        preparation: `"module:attribute"` of a `mmbench.Preparation`, fitted on the training part, that turns
            raw values into tensors; numbers are standardised where it is left out.

    """

    kind: ClassVar[str] = "encoder"

    kinds: tuple[str, ...] = field(kw_only=True)
    default_for: tuple[str, ...] = field(default=(), kw_only=True)
    preparation: Target = field(default="mmbench.data.preparation:Standardise", kw_only=True)

    @property
    def preparation_module(self) -> str:
        """The module whose source the preparation lives in."""
        return Registration(self.name, self.preparation).module

    def load_preparation(self) -> Callable[..., Any]:
        """Import the preparation."""
        return Registration(self.name, self.preparation, requires=self.requires).load()


@dataclass(frozen=True)
class Alignment(Registration):
    """A cross-modal loss L_ij: `target(dim_i, dim_j, **parameters)` gives a `torch.nn.Module`.

    `forward(x_i, x_j)`, with features `(B, dim_i)` and `(B, dim_j)` of the samples that have both
    modalities, returns a scalar loss. One that names an argument `targets` is given the samples' encoded
    targets (not in retrieval); one that names `logits_i` and `logits_j` their unimodal predictions `(B, C)`
    where the objective has them. Both need a default for where there are none.

    Attributes:
        role: `"default"` is the one used where a run names no alignment.

    """

    kind: ClassVar[str] = "alignment"

    role: Literal["", "default"] = field(default="", kw_only=True)


@dataclass(frozen=True)
class Weighting(Registration):
    """A loss weighting: `target(terms, **parameters)` gives a `mmbench.LossWeighting`.

    `terms` is a tuple of `mmbench.Term`.

    Attributes:
        role: `"default"` is the one used where a run names no weighting.
        needs: kinds of term it works on, such as `uni`; a job whose objective lacks one is skipped.
        family: what the report groups it under, such as `scalar`, `gradient` or `balance`.

    """

    kind: ClassVar[str] = "weighting"

    role: Literal["", "default"] = field(default="", kw_only=True)
    needs: tuple[str, ...] = field(default=(), kw_only=True)
    family: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Sampler(Registration):
    """A rule for which training samples an epoch visits: `target(**parameters)` gives a `mmbench.Sampling`.

    Attributes:
        role: `"default"` is the one used where a run names no sampler.

    """

    kind: ClassVar[str] = "sampler"

    role: Literal["", "default"] = field(default="", kw_only=True)


@dataclass(frozen=True)
class Report(Registration):
    """A section of the report: `target(records)` gives a list of `mmbench.Artifact`.

    What it is given is a DataFrame, which it does not change.

    Attributes:
        title: the section's heading.
        order: where on the page; lower comes first.
        records: what its rows are: `"jobs"`, as `mmbench.load` returns them, or `"latency"`, with the columns of
            `mmbench.latency.rows.COLUMNS`.

    """

    kind: ClassVar[str] = "report"

    title: str = field(default="", kw_only=True)
    order: int = field(default=100, kw_only=True)
    records: Literal["jobs", "latency"] = field(default="jobs", kw_only=True)


@dataclass(frozen=True)
class Engine(Registration):
    """A way to execute jobs: `target(jobs, settings)` yields `mmbench.engine.Event`s.

    Attributes:
        role: `"default"` is the one used where a run names no engine.

    """

    kind: ClassVar[str] = "engine"

    role: Literal["", "default"] = field(default="", kw_only=True)
