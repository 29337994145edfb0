"""From options to jobs: which combinations a run asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

from mmbench.budgets import BUDGETS, Budget
from mmbench.data.loading import described, fingerprint_of
from mmbench.errors import DataError, UsageError, unknown
from mmbench.fingerprint import source_hash
from mmbench.jobs import Job, Objective, Pick, digest
from mmbench.machine import require_compiler
from mmbench.options import RunOptions
from mmbench.registrations import Dataset, Registration
from mmbench.registry import Registry, Shelf
from mmbench.search import search_spaces
from mmbench.selection import match_modality, select
from mmbench.suite_options import in_suite, with_suite

__all__ = ["plan"]


def plan(options: RunOptions, registry: Registry, device: str) -> list[Job]:
    """The jobs of a run, each once, in the order they are run: by dataset, then by seed.

    Args:
        options: what is asked for.
        registry: what there is.
        device: `cpu` or `cuda`.

    Raises:
        UsageError: if nothing is chosen, a name is unknown, or a parameter is wrong.

    """
    options = with_suite(options, registry)
    if not (options.all or options.fusions or options.datasets or options.weightings):
        raise UsageError(
            "Expected something to run. Pass --all, or choose with -f FUSION, -d DATASET, -w WEIGHTING or "
            "--suite SUITE. "
            "`mmbench list` shows what there is."
        )
    if options.match_params and options.match_params.isdigit() and not int(options.match_params):
        raise UsageError("Expected a number of parameters above 0 to match sizes to. Found 0.")
    if options.mode == "compiled":
        require_compiler(device)
    budget = _budget(options)
    jobs: dict[str, Job] = {}
    datasets = [_Arms(options, registry, pick) for pick in _datasets(options, registry)]
    _check_tables(options, datasets)
    _check_encoders(options, datasets)
    for arms in datasets:
        first = [arms.job(arm, budget=budget, device=device) for arm in arms]
        if options.match_params and not options.match_params.isdigit():
            like = arms.reference(budget, device)
            first = [
                replace(job, reference=like, sources={**job.sources, **like.sources})
                for job in first
            ]
        for seed in range(options.seeds or budget.seeds):
            for job in first:
                seeded = replace(job, seed=seed)
                jobs.setdefault(seeded.key, seeded)
    if not jobs:
        raise UsageError(
            "Expected at least one combination that exists. Found none: no chosen dataset has the modality "
            "that the chosen fusions name."
        )
    return list(jobs.values())


def _check_tables(options: RunOptions, datasets: list[_Arms]) -> None:
    """Every entry of the tables λ and w belongs to a chosen dataset, and to a term of the objective."""
    entries = ((options.lambdas, "uni", "--lambda"), (options.ws, "align", "--w"))
    for table, kind, flag in (*entries, (options.alignments, "align", "--alignment")):
        if set(table) - {"joint"} and options.objective and kind not in options.objective:
            raise UsageError(
                f"Expected an objective with {kind} terms, which {flag} speaks of. "
                f"Found {options.objective!r}. Leave --objective out, or name those terms."
            )
    lambdas = {"joint"}.union(*(arms.fused for arms in datasets))
    pairs = {f"{i}->{j}" for arms in datasets for i, j in permutations(arms.fused, 2)}
    for table, names in ((options.lambdas, lambdas), (options.ws, pairs)):
        for name in table:
            if name not in names:
                raise unknown("entry of the tables λ and w:", name, names)


def _check_encoders(options: RunOptions, datasets: list[_Arms]) -> None:
    """Every encoder is chosen for a modality of a chosen dataset."""
    modalities = {name for arms in datasets for name in arms.modalities}
    for option in options.encoders:
        name = option.partition("=")[0]
        if name not in modalities:
            raise unknown("modality of the chosen datasets:", name, modalities)


def _budget(options: RunOptions) -> Budget:
    budget = BUDGETS[options.budget]
    if options.trials:
        budget = replace(budget, trials=options.trials)
    if options.epochs:
        budget = replace(budget, epochs=options.epochs)
    return budget


def _datasets(options: RunOptions, registry: Registry) -> list[Pick]:
    if options.datasets:
        picks = [_in_order(pick) for pick in select(options.datasets, registry.datasets)]
        return _once(picks)
    embedded = [name for name, entry in registry.datasets.entries.items() if entry.embedded]
    return select(embedded, registry.datasets)


def _in_order(pick: Pick) -> Pick:
    """`modalities=b+a` is `modalities=a+b`: one dataset, one key."""
    if "modalities" not in pick.params:
        return pick
    names = "+".join(sorted(set(str(pick.params["modalities"]).split("+"))))
    return replace(pick, params={**pick.params, "modalities": names})


@dataclass(frozen=True)
class _Arm:
    """One combination on a dataset."""

    fusion: Pick
    weighting: Pick
    objective: Objective
    sampler: Pick
    again: bool = False


class _Arms:
    """The (fusion, weighting, objective, again) combinations of one dataset."""

    def __init__(self, options: RunOptions, registry: Registry, dataset: Pick) -> None:
        self.options = options
        self.registry = registry
        self.dataset = dataset
        found = described(registry.datasets[dataset.name], dataset)
        self.registration: Dataset = in_suite(found, dataset, options, registry)
        self.modalities = _modalities(dataset, self.registration)
        self.encoders = _encoders(options, registry, self.registration, self.modalities)
        self.default_fusion = Pick(registry.fusions.with_role("default").name)
        self.default_weighting = Pick(registry.weightings.with_role("default").name)
        self.alignments = select(options.alignments, registry.alignments)
        self.samplers = select(options.samplers, registry.samplers) or [
            Pick(registry.samplers.with_role("default").name)
        ]
        self.data = digest([str(dataset), _fingerprint(self.registration, dataset)])

    @property
    def fused(self) -> tuple[str, ...]:
        """The modalities that are fused."""
        return tuple(name for name in self.modalities if name != self.registration.gallery)

    def __iter__(self) -> Iterator[_Arm]:
        options, plain = self.options, [self.default_weighting]
        fusions = self._chosen(options.fusions, self.registry.fusions)
        weightings = self._chosen(options.weightings, self.registry.weightings)
        if options.grid:
            yield from self._product(fusions, _once([*plain, *weightings]), "joint+uni")
            yield from self._product(fusions, plain, "joint")
        elif options.all:
            yield from self._product(fusions, plain, "joint")
            yield from self._product([self.default_fusion], weightings, "joint+uni")
        else:
            named = "joint+uni" if options.weightings else "joint"
            fusions, weightings = fusions or [self.default_fusion], weightings or plain
            yield from self._product(fusions, weightings, named)
        compares_all = options.all or options.grid
        if compares_all if options.controls is None else options.controls:
            plain = plain if compares_all else weightings[:1]
            yield from self._controls(plain, "joint" if compares_all else named)

    def job(self, arm: _Arm, *, budget: Budget, device: str) -> Job:
        """The job of one combination, for seed 0."""
        registration = self.registry.fusions[arm.fusion.name]
        modalities = self.modalities
        if registration.per_modality == "alone":
            modalities = tuple(sorted({arm.fusion.modality, self.registration.gallery} - {""}))
        if registration.level == "none":
            modalities = tuple(filter(None, [self.registration.gallery]))
        encoders = {name: self.encoders[name] for name in modalities}
        return Job(
            dataset=self.dataset,
            modalities=modalities,
            encoders=encoders,
            fusion=arm.fusion,
            objective=arm.objective,
            weighting=arm.weighting,
            seed=0,
            budget=budget,
            device=device,
            again=arm.again,
            sources=self._sources(arm, encoders),
            data=self.data,
            match_params=self.options.match_params or "",
            search=self._search(arm) if budget.trials > 1 else {},
            sampler=arm.sampler,
            precision=self.options.precision,
            mode=self.options.mode,
            fusion_role="again" if arm.again else registration.role,
            weighting_role=self.registry.weightings[arm.weighting.name].role,
            sampler_role=self.registry.samplers[arm.sampler.name].role,
            suite=self.options.suite or "",
        )

    def reference(self, budget: Budget, device: str) -> Job:
        """The job whose number of parameters the others are brought to."""
        pick = select([self.options.match_params or ""], self.registry.fusions)[0]
        registration = self.registry.fusions[pick.name]
        if registration.per_modality or registration.level == "none":
            raise UsageError(
                f"Expected a number or a fusion of all modalities to match sizes to. Found '{pick}'."
            )
        arm = next(self._product([pick], [self.default_weighting], "joint"))
        return replace(self.job(arm, budget=budget, device=device), match_params="")

    def _chosen(self, spellings: tuple[str, ...], shelf: Shelf[Any]) -> list[Pick]:
        """What is spelled out; where nothing is and everything is compared, all there is."""
        compares_all = self.options.all or self.options.grid
        return select(spellings or (list(shelf) if compares_all else []), shelf)

    def _product(
        self, fusions: list[Pick], weightings: list[Pick], objective: str
    ) -> Iterator[_Arm]:
        objectives = self._objectives(objective)
        for fusion, weighting in product(fusions, weightings):
            for terms, sampler in product(objectives, self.samplers):
                for expanded in self._expand(fusion):
                    yield _Arm(expanded, weighting, terms, sampler)

    def _controls(self, weighting: list[Pick], objective: str) -> Iterator[_Arm]:
        """Every fusion with a role, and the default fusion once more (the A/A arm)."""
        roles = [Pick(name) for name, entry in self.registry.fusions.entries.items() if entry.role]
        yield from self._product(roles, weighting, objective)
        for arm in self._product([self.default_fusion], weighting, objective):
            yield replace(arm, again=True)

    def _expand(self, fusion: Pick) -> list[Pick]:
        if not self.registry.fusions[fusion.name].per_modality:
            return [fusion]
        return [replace(fusion, modality=name) for name in match_modality(fusion, self.fused)]

    def _objectives(self, default: str) -> list[Objective]:
        """One for each cross-modal loss, where the objective has such terms."""
        options = self.options
        if options.ws or options.alignments:
            default = "joint+uni+align"
        elif options.lambdas:
            default = "joint+uni"
        terms = options.objective or default
        chosen: list[Pick | None] = [None]
        if "align" in terms:
            default_alignment = Pick(self.registry.alignments.with_role("default").name)
            chosen = [*(self.alignments or [default_alignment])]
        return [Objective(terms, pick, options.lambdas, options.ws) for pick in chosen]

    def _search(self, arm: _Arm) -> dict[str, str]:
        alignment = arm.objective.alignment
        spaces = search_spaces(
            self.registry, arm.fusion.name, arm.weighting.name, alignment.name if alignment else ""
        )
        return {name: repr(space) for name, space in spaces.items()}

    def _sources(self, arm: _Arm, encoders: Mapping[str, Pick]) -> dict[str, str]:
        registry = self.registry
        used: list[Registration] = [
            self.registration,
            registry.fusions[arm.fusion.name],
            registry.weightings[arm.weighting.name],
            registry.samplers[arm.sampler.name],
            *(registry.encoders[pick.name] for pick in encoders.values()),
        ]
        modules = [registry.encoders[pick.name].preparation_module for pick in encoders.values()]
        if arm.objective.alignment:
            used.append(registry.alignments[arm.objective.alignment.name])
        modules += [entry.module for entry in used]
        return {module: source_hash(module) for module in modules}


def _once(picks: list[Pick]) -> list[Pick]:
    return list({str(pick): pick for pick in picks}.values())


def _fingerprint(registration: Dataset, pick: Pick) -> str:
    try:
        return fingerprint_of(registration, pick)
    except DataError:
        return "unreadable"  # Its jobs fail with the reason; those of other datasets run.


def _modalities(dataset: Pick, registration: Dataset) -> tuple[str, ...]:
    """All of the dataset's modalities, or those of its parameter `modalities=a+b`."""
    chosen = dataset.params.get("modalities")
    if chosen is None:
        return tuple(registration.modalities)
    names = sorted(set(str(chosen).split("+")))
    for name in names:
        if name not in registration.modalities:
            raise unknown(f"modality of dataset {dataset.name!r}:", name, registration.modalities)
    return tuple(names)


def _encoders(
    options: RunOptions, registry: Registry, dataset: Dataset, modalities: tuple[str, ...]
) -> dict[str, Pick]:
    """The user's choice, else the dataset's, else the default for the kind of modality."""
    chosen: dict[str, Pick] = {}
    for name in modalities:
        modality = dataset.modality(name)
        spelling = modality.encoder or _default_encoder(registry, modality.kind)
        chosen[name] = select([spelling], registry.encoders)[0]
    for option in options.encoders:
        name, equals, spelling = option.partition("=")
        if not equals or "[" in name:
            raise UsageError(f"Expected `modality=encoder`. Found {option!r}.")
        if name in chosen:
            chosen[name] = select([spelling], registry.encoders)[0]
    for name, pick in chosen.items():
        kind, takes = dataset.modality(name).kind, registry.encoders[pick.name].kinds
        if kind not in takes:
            raise UsageError(
                f"Expected an encoder that takes {kind} for modality {name!r} of dataset {dataset.name!r}. "
                f"Found {pick.name!r}, which takes {', '.join(takes)}."
            )
    return chosen


def _default_encoder(registry: Registry, kind: str) -> str:
    for name, entry in registry.encoders.entries.items():
        if kind in entry.default_for:
            return name
    raise UsageError(
        f"Expected an encoder for {kind} data. Found none among {', '.join(registry.encoders)}. "
        f"Install a plugin that brings one."
    )
