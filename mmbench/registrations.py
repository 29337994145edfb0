"""What a plugin hands to the harness: light descriptions of the things it brings.

A registration names its target as `"module:attribute"` (imported only when a job needs it) or gives the
object itself. Listing plugins reads registrations only.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from mmbench.errors import PluginError
from mmbench.search import Space

__all__ = [
    "Alignment",
    "Dataset",
    "Encoder",
    "Engine",
    "Fusion",
    "Modality",
    "Registration",
    "Report",
    "Sampler",
    "Suite",
    "Target",
    "Weighting",
]

Target: TypeAlias = str | Callable[..., Any]
Kind: TypeAlias = Literal["image", "text", "audio", "video", "motion", "sensor", "tabular", "omics"]
KINDS: tuple[str, ...] = ("image", "text", "audio", "video", "motion", "sensor", "tabular", "omics")
TASKS: tuple[str, ...] = ("classification", "multilabel", "regression", "retrieval")
LEVELS: tuple[str, ...] = ("input", "tokens", "pooled", "logits", "none")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


@dataclass(frozen=True)
class Registration:
    """What every registration has.

    Attributes:
        name: what the command line calls it; letters, digits, `_`, `-` and `.`.
        target: `"module:attribute"`, or the object itself.
        summary: one line; the first line of the target's docstring where it is left out.
        paper: where the method comes from.
        parameters: hyperparameters and the space they are searched in. Their defaults are the defaults of
            the target's signature.
        requires: modules that an extra brings and the target imports.

    """

    kind: ClassVar[str] = "registration"

    name: str
    target: Target
    summary: str = field(default="", kw_only=True)
    paper: str = field(default="", kw_only=True)
    parameters: Mapping[str, Space] = field(default_factory=dict, kw_only=True)
    requires: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.match(self.name):
            raise PluginError(
                f"Expected the name of a {self.kind} to be letters, digits, '_', '-' and '.'. "
                f"Found {self.name!r}."
            )
        self._check_target()
        if not self.summary:
            documented = "" if isinstance(self.target, str) else self.target.__doc__
            lines = (documented or "").strip().splitlines()
            object.__setattr__(self, "summary", lines[0] if lines else "")

    def _check_target(self) -> None:
        if not callable(self.target) and not re.match(r"[\w.]+:\w+\Z", str(self.target)):
            raise PluginError(
                f"Expected the target of {self.kind} {self.name!r} to be a callable or "
                f"'module:attribute'. Found {self.target!r}."
            )

    @property
    def missing(self) -> list[str]:
        """Modules that the target needs and that are not installed."""
        return [name for name in self.requires if importlib.util.find_spec(name) is None]

    @property
    def module(self) -> str:
        """The module whose source the target lives in."""
        if isinstance(self.target, str):
            return self.target.partition(":")[0]
        return self.target.__module__

    def load(self) -> Callable[..., Any]:
        """Import the target.

        Raises:
            PluginError: if an extra is missing or the import fails.

        """
        if not isinstance(self.target, str):
            return self.target
        if self.missing:
            raise PluginError(
                f"{self.kind.capitalize()} {self.name!r} needs {', '.join(self.missing)}, "
                "which is not installed."
            )
        module, _, attribute = self.target.partition(":")
        try:
            loaded: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"{self.kind.capitalize()} {self.name!r} could not be imported from {self.target!r}: "
                f"{type(error).__name__}: {error}"
            ) from error
        return loaded


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
            one that draws random numbers (dropout apart), changes buffers in `forward` or branches on data.
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
class Modality:
    """One named stream of a dataset.

    Attributes:
        kind: what it is; decides the encoder where neither the dataset nor the user names one.
        encoder: the dataset's choice of encoder, as `name` or `name[parameter=value]`.

    """

    kind: Kind
    encoder: str = ""


@dataclass(frozen=True)
class Dataset(Registration):
    """A dataset: `target(**parameters)` gives `mmbench.Samples`.

    One that lies on disk has a `layout`. Its target is `target(root, problems, **parameters)`: it reads the
    folder or file `root`, and tells the `mmbench.Problems` what is wrong with it, which raises the first fault
    when the dataset is loaded and collects all when it is validated.

    Attributes:
        task: classification, multilabel, regression or retrieval.
        modalities: what it holds, by name; a bare string is a kind.
        licence: of the data.
        source: where the data comes from.
        files: path -> SHA-256 of the files it reads; checked before the dataset is loaded.
        gallery: in retrieval, the modality that is retrieved by the others.
        embedded: whether it belongs to `--all`: it needs nothing from outside its package and is worth every
            method's time.
        layout: the files that it needs below its root, in words; empty where it lies in its package.
        describes: `describe(root)` gives the registration with task and modalities filled in, where only the
            files can tell them.
        opens: endings of the paths that stand for this dataset on the command line, such as `.npz`.

    """

    kind: ClassVar[str] = "dataset"

    task: Literal["classification", "multilabel", "regression", "retrieval", ""] = field(
        default="", kw_only=True
    )
    modalities: Mapping[str, Modality | Kind] = field(default_factory=dict, kw_only=True)
    licence: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True)
    files: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    gallery: str = field(default="", kw_only=True)
    embedded: bool = field(default=True, kw_only=True)
    layout: str = field(default="", kw_only=True)
    describes: Target = field(default="", kw_only=True)
    opens: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.describes:
            return
        if self.task not in TASKS:
            raise PluginError(
                f"Expected the task of dataset {self.name!r} to be one of {', '.join(TASKS)}. "
                f"Found {self.task!r}."
            )
        modalities = {
            name: value if isinstance(value, Modality) else Modality(value)
            for name, value in sorted(self.modalities.items())
        }
        for name, modality in modalities.items():
            if modality.kind not in KINDS or not re.match(r"[A-Za-z0-9_-]+\Z", name):
                raise PluginError(
                    f"Expected the modalities of dataset {self.name!r} to be named in letters, digits, '_' "
                    f"and '-', and to be of kind {', '.join(KINDS)}. Found {name!r}: {modality.kind!r}."
                )
        if not modalities:
            raise PluginError(f"Expected dataset {self.name!r} to have a modality. Found none.")
        if (self.task == "retrieval") != (self.gallery in modalities):
            raise PluginError(
                f"Expected a retrieval dataset, and no other, to name one of its modalities as the gallery. "
                f"Found task {self.task!r} and gallery {self.gallery!r} in dataset {self.name!r}."
            )
        object.__setattr__(self, "modalities", modalities)

    def load_description(self) -> Callable[..., Any]:
        """Import what describes the files."""
        return Registration(self.name, self.describes, requires=self.requires).load()

    def modality(self, name: str) -> Modality:
        """A modality by name."""
        found = self.modalities[name]
        return found if isinstance(found, Modality) else Modality(found)


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

    `records` is the DataFrame that `mmbench.load` returns; the function changes nothing.

    Attributes:
        title: the section's heading.
        order: where on the page; lower comes first.

    """

    kind: ClassVar[str] = "report"

    title: str = field(default="", kw_only=True)
    order: int = field(default=100, kw_only=True)


@dataclass(frozen=True)
class Engine(Registration):
    """A way to execute jobs: `target(jobs, settings)` yields `mmbench.engine.Event`s.

    Attributes:
        role: `"default"` is the one used where a run names no engine.

    """

    kind: ClassVar[str] = "engine"

    role: Literal["", "default"] = field(default="", kw_only=True)


@dataclass(frozen=True)
class Suite(Registration):
    """A setting of use: what is compared on which data. It names what is registered and has no target.

    Attributes:
        title: of the setting, for the report.
        text: a paragraph on the setting: what its data are, what they stand in for, what to look at.
        datasets: spelling of a dataset -> its encoders as `modality=encoder`, where the suite chooses them.
            One that lies on disk and is not found, or whose extra is missing, is left out of the run.
        fusions: spellings; all fusions where it is empty.
        weightings: spellings of those tried under the default fusion; all where it is empty.
        metrics: task -> the metrics that the report shows of its datasets; all where it names none.

    """

    kind: ClassVar[str] = "suite"

    target: Target = field(default="", init=False, repr=False)
    title: str = field(kw_only=True)
    text: str = field(kw_only=True)
    datasets: Mapping[str, tuple[str, ...]] = field(kw_only=True)
    fusions: tuple[str, ...] = field(default=(), kw_only=True)
    weightings: tuple[str, ...] = field(default=(), kw_only=True)
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.datasets:
            raise PluginError(f"Expected suite {self.name!r} to have a dataset. Found none.")
        if not set(self.metrics) <= set(TASKS):
            raise PluginError(
                f"Expected the metrics of suite {self.name!r} under the tasks {', '.join(TASKS)}. "
                f"Found {', '.join(self.metrics)}."
            )

    def _check_target(self) -> None:
        """There is none."""
