"""The registrations of data: datasets, their modalities, and suites of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from mmbench.errors import PluginError
from mmbench.registrations.base import TASKS, Registration, Target

__all__ = ["KINDS", "Dataset", "Kind", "Modality", "Suite"]

Kind: TypeAlias = Literal["image", "text", "audio", "video", "motion", "sensor", "tabular", "omics"]
KINDS: tuple[str, ...] = ("image", "text", "audio", "video", "motion", "sensor", "tabular", "omics")


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
