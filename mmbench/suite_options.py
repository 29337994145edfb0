"""What a suite fills in: datasets that are here, their encoders, fusions and weightings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mmbench.errors import UsageError, unknown
from mmbench.jobs import Pick
from mmbench.options import RunOptions
from mmbench.registrations import Dataset, Suite
from mmbench.registry import Registry
from mmbench.selection import select
from mmbench.suite_datasets import entries, unavailable

__all__ = ["in_suite", "left_out", "with_suite"]


def with_suite(options: RunOptions, registry: Registry) -> RunOptions:
    """The options with all that the suite chooses and the user does not.

    Raises:
        UsageError: if a chosen dataset is not the suite's, or none of the suite's is here.

    """
    if options.suite is None:
        return options
    suite = registry.suites[options.suite]
    fusions, weightings = ((), ()) if options.all else (suite.fusions, suite.weightings)
    return options.model_copy(
        update={
            "all": True,
            "datasets": _datasets(options, suite, registry),
            "fusions": options.fusions or fusions,
            "weightings": options.weightings or weightings,
        }
    )


def left_out(options: RunOptions, registry: Registry) -> dict[str, str]:
    """Dataset of the chosen suite -> why the run goes without it. One that the user chose is never left out."""
    if options.suite is None or options.datasets:
        return {}
    picks = [pick for pick, _ in entries(registry.suites[options.suite], registry)]
    reasons = {str(pick): unavailable(registry.datasets[pick.name], pick) for pick in picks}
    return {name: reason for name, reason in reasons.items() if reason}


def in_suite(registration: Dataset, pick: Pick, options: RunOptions, registry: Registry) -> Dataset:
    """The dataset with the encoders that the chosen suite has for it."""
    if options.suite is None:
        return registration
    found = entries(registry.suites[options.suite], registry)
    encoders = next((chosen for entry, chosen in found if entry.name == pick.name), ())
    return _with_encoders(registration, encoders) if encoders else registration


def _datasets(options: RunOptions, suite: Suite, registry: Registry) -> tuple[str, ...]:
    picks = [pick for pick, _ in entries(suite, registry)]
    if options.datasets:
        names = {pick.name for pick in picks}
        chosen = select(options.datasets, registry.datasets)
        strange = sorted({pick.name for pick in chosen} - names)
        if strange:
            raise UsageError(
                f"Expected datasets of suite {suite.name!r}: {', '.join(sorted(names))}. "
                f"Found {', '.join(strange)}. Choose among these, or leave the suite out."
            )
        return options.datasets
    away = left_out(options, registry)
    here = tuple(str(pick) for pick in picks if str(pick) not in away)
    if not here:
        reasons = "".join(f"\n  {name}: {reason}" for name, reason in away.items())
        raise UsageError(
            f"Expected a dataset of suite {suite.name!r} to be here. Found none:{reasons}"
        )
    return here


def _with_encoders(registration: Dataset, encoders: Iterable[str]) -> Dataset:
    modalities = dict(registration.modalities)
    for option in encoders:
        name, equals, spelling = option.partition("=")
        if not equals or name not in modalities:
            raise unknown(f"modality of dataset {registration.name!r}:", name, modalities)
        modalities[name] = replace(registration.modality(name), encoder=spelling)
    return replace(registration, modalities=modalities)
