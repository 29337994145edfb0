"""From a job and hyperparameters to a model and a weighting, every weight drawn from the job's seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import nn

from mmbench.contracts import LossWeighting, Sampling, Term
from mmbench.data.preparation import InputSpec
from mmbench.errors import NotApplicable, PluginError
from mmbench.jobs import Job
from mmbench.model import FusionModel
from mmbench.objective import planned_terms
from mmbench.registrations import Fusion, Registration
from mmbench.registry import Registry, Shelf
from mmbench.seeding import derive
from mmbench.tasks import Task

__all__ = ["DIM", "OUT_DIM", "Recipe"]

DIM = 64
"""Feature size of every encoder."""
OUT_DIM = 64
"""Size of the fused feature."""
T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """How a job's model is made; `model` and `weighting` may be called once per trial.

    Attributes:
        job: what is trained.
        registry: where its plugins are found; the recipe keeps it without its datasets.
        specs: modality -> what its encoder is given.
        task: fitted.
        gallery: the modality that is retrieved, "" outside retrieval.
        target_params: number of parameters that widths are chosen to give, None where they stay.

    """

    job: Job
    registry: Registry
    specs: Mapping[str, InputSpec]
    task: Task
    gallery: str = ""
    target_params: int | None = None

    def __post_init__(self) -> None:
        # Code that trains holds a recipe, and must not reach the raw dataset through it.
        without_data = replace(self.registry, datasets=Shelf("dataset"))
        object.__setattr__(self, "registry", without_data)

    @property
    def fused(self) -> tuple[str, ...]:
        """The modalities that are fused."""
        return tuple(name for name in self.job.modalities if name != self.gallery)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The objective's terms."""
        return planned_terms(self.job.objective, self.fused)

    def model(self, hyper: Mapping[str, Any]) -> FusionModel:
        """A freshly initialised model.

        Args:
            hyper: of this trial; those named `fusion.<parameter>` are the fusion's, `dim` is the feature size of
                the encoders and `out_dim` that of the fused feature.

        Raises:
            PluginError: if a plugin cannot be built.
            NotApplicable: if the fusion has no meaning for this data or task.

        """
        registration = self.registry.fusions[self.job.fusion.name]
        self._require_applicable(registration)
        size = self.task.head_size
        dim, out_dim = hyper.get("dim", DIM), hyper.get("out_dim", OUT_DIM)
        encoders = {name: self._encoder(name, dim) for name in self._encoded(registration.level)}
        heads = {
            name: self._seeded(f"head {name}", lambda: nn.Linear(dim, size))
            for name in self._headed(registration.level)
        }
        fusion, is_prediction = self._fusion(hyper, dim, out_dim)
        head = None if is_prediction else self._seeded("head", lambda: nn.Linear(out_dim, size))
        model = FusionModel(
            encoders,
            fusion,
            registration.level,
            head,
            heads,
            self._alignments(hyper, dim),
            self.gallery,
            size if is_prediction else out_dim,
            self.job.precision,
        )
        if self.job.mode == "compiled":
            model.compile()
        return model

    def weighting(self, hyper: Mapping[str, Any], terms: tuple[Term, ...]) -> LossWeighting:
        """The weighting over the model's terms, those of the fusion's own `aux` losses included.

        Raises:
            PluginError: if it cannot be built.
            NotApplicable: if the objective lacks terms that it works on.

        """
        registration = self.registry.weightings[self.job.weighting.name]
        lacking = sorted(set(registration.needs) - {term.kind for term in terms})
        if lacking:
            raise NotApplicable(
                f"Expected an objective with {' and '.join(lacking)} terms, which weighting "
                f"{registration.name!r} works on. Found {self.job.objective.terms!r}."
            )
        params = {**self.job.weighting.params, **_scoped(hyper, "weighting")}
        weighting = self._seeded("weighting", lambda: _construct(registration, (terms,), params))
        if not isinstance(weighting, LossWeighting):
            raise PluginError(
                f"Expected weighting {registration.name!r} to be a mmbench.LossWeighting. "
                f"Found {type(weighting).__name__}."
            )
        return weighting

    def sampling(self) -> Sampling:
        """The rule for which training samples an epoch visits."""
        pick = self.job.sampler
        if pick is None:
            return Sampling()
        registration = self.registry.samplers[pick.name]
        sampling = _construct(registration, (), pick.params)
        if not isinstance(sampling, Sampling):
            raise PluginError(
                f"Expected sampler {registration.name!r} to be a mmbench.Sampling. "
                f"Found {type(sampling).__name__}."
            )
        return sampling

    def _require_applicable(self, fusion: Fusion) -> None:
        if fusion.tasks and self.task.name not in fusion.tasks:
            raise NotApplicable(
                f"Expected the task of fusion {fusion.name!r} to be {' or '.join(fusion.tasks)}. "
                f"Found {self.task.name}."
            )
        if fusion.level != "input":
            return
        terms = [term.name for term in self.terms if term.kind != "joint"]
        if terms:
            raise NotApplicable(
                f"Expected the objective 'joint', since fusion {fusion.name!r} joins modalities before any "
                f"is encoded by itself. Found the terms {', '.join(terms)}."
            )

    def _encoded(self, level: str) -> tuple[str, ...]:
        """The modalities with an encoder of their own."""
        if level in ("none", "input"):
            return (self.gallery,) if self.gallery else ()
        return self.job.modalities

    def _channels(self) -> dict[str, int]:
        """Modality -> channels, of modalities with one time base."""
        shapes = {name: self.specs[name].shape for name in self.fused}
        series = all(
            len(shape) == 2 and not self.specs[name].vocabulary for name, shape in shapes.items()
        )
        if not series or len({shape[0] for shape in shapes.values()}) != 1:
            found = ", ".join(
                f"{name} {'ids ' * bool(self.specs[name].vocabulary)}{shape}"
                for name, shape in shapes.items()
            )
            raise NotApplicable(
                f"Expected modalities with one time base for fusion {self.job.fusion.name!r}: samples of "
                f"shape (T, C) with one T. Found {found}."
            )
        return {name: shape[1] for name, shape in shapes.items()}

    def _headed(self, level: str) -> tuple[str, ...]:
        """The modalities with a head of their own: those a term or the fusion needs, and the gallery."""
        asked = {term.rest for term in self.terms if term.kind == "uni"}
        headed = tuple(name for name in self.fused if level == "logits" or name in asked)
        return (*headed, self.gallery) if self.gallery else headed

    def _encoder(self, name: str, dim: int) -> nn.Module:
        pick = self.job.encoders[name]
        registration = self.registry.encoders[pick.name]
        arguments = (self.specs[name], dim)
        encoder: nn.Module = self._seeded(
            f"encoder {name}", lambda: _construct(registration, arguments, pick.params)
        )
        return encoder

    def _fusion(self, hyper: Mapping[str, Any], dim: int, out_dim: int) -> tuple[nn.Module, bool]:
        pick = self.job.fusion
        registration = self.registry.fusions[pick.name]
        is_prediction = registration.level in ("logits", "none")
        in_size = self.task.head_size if is_prediction else dim
        out_size = self.task.head_size if is_prediction else out_dim
        if registration.level == "input":
            dims = self._channels()
        else:
            dims = {} if registration.level == "none" else dict.fromkeys(self.fused, in_size)
        params = {**pick.params, **_scoped(hyper, "fusion")}
        if registration.per_modality == "named":
            params["modality"] = pick.modality
        fusion = self._seeded("fusion", lambda: _construct(registration, (dims, out_size), params))
        return fusion, is_prediction

    def _alignments(self, hyper: Mapping[str, Any], dim: int) -> dict[str, nn.Module]:
        pairs = [term.rest for term in self.terms if term.kind == "align"]
        pick = self.job.objective.alignment
        if not pairs or pick is None:
            return {}
        registration = self.registry.alignments[pick.name]
        params = {**pick.params, **_scoped(hyper, "alignment")}
        return {
            pair: self._seeded(
                f"alignment {pair}", lambda: _construct(registration, (dim, dim), params)
            )
            for pair in pairs
        }

    def _seeded(self, purpose: str, make: Callable[[], T]) -> T:
        """Build under a seed of its own, so that one method's draws never shift another's."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.job.training_seed, "init", purpose))
            return make()


def _construct(
    registration: Registration, arguments: tuple[Any, ...], params: Mapping[str, Any]
) -> Any:
    try:
        return registration.load()(*arguments, **params)
    except TypeError as error:
        raise PluginError(
            f"{registration.kind.capitalize()} {registration.name!r} cannot be built with "
            f"{dict(params)}: {error}"
        ) from error


def _scoped(hyper: Mapping[str, Any], scope: str) -> dict[str, Any]:
    prefix = f"{scope}."
    return {name[len(prefix) :]: value for name, value in hyper.items() if name.startswith(prefix)}
