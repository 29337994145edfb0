"""Properties of suites."""

from __future__ import annotations

import dataclasses

from mmbench.errors import UsageError
from mmbench.options import RunOptions
from mmbench.registrations import Suite
from mmbench.registry import Registry, Shelf, load_registry
from mmbench.selection import select
from mmbench.suite import plan
from mmbench.suite_datasets import entries, states
from mmbench.suite_options import in_suite
from mmbench.testing.joint_model import joint_data, joint_model, joint_task
from mmbench.testing.results import NotTested, expect
from mmbench.training.loop import predict

__all__ = ["PROPERTIES"]


def it_says_what_the_setting_is(suite: Suite) -> str:
    """There are a title and a text."""
    expect(
        bool(suite.title.strip() and suite.text.strip()),
        "a title and a text",
        f"{suite.title!r} and {suite.text!r}",
        "Say what the setting is, and what its data stand in for.",
    )
    return suite.title


def what_it_names_is_registered(suite: Suite) -> str:
    """Datasets, encoders, fusions and weightings are registered, and an encoder takes its modality."""
    registry, seen = load_registry(), 0
    for pick, encoders in entries(suite, registry):
        dataset = in_suite(registry.datasets[pick.name], pick, *_asked(suite))
        for option in encoders:
            modality = dataset.modality(option.partition("=")[0])
            [encoder] = select([modality.encoder], registry.encoders)
            kinds = registry.encoders[encoder.name].kinds
            expect(
                modality.kind in kinds,
                f"an encoder that takes {modality.kind} for {option!r} of dataset {pick.name!r}",
                f"one that takes {', '.join(kinds)}",
                "Choose another encoder.",
            )
            seen += 1
    fusions = select(suite.fusions, registry.fusions)
    weightings = select(suite.weightings, registry.weightings)
    return f"{seen} encoders, {len(fusions)} fusions, {len(weightings)} weightings"


def its_metrics_are_those_of_its_tasks(suite: Suite) -> str:
    """Metrics are named for tasks that its datasets have, and those tasks measure them."""
    registry = load_registry()
    tasks = {registry.datasets[pick.name].task for pick, _ in entries(suite, registry)} - {""}
    expect(
        set(suite.metrics) <= tasks,
        f"metrics of {', '.join(sorted(tasks))}",
        ", ".join(suite.metrics),
        "Name metrics of the tasks that its datasets have.",
    )
    for name, metrics in suite.metrics.items():
        known = _metrics_of(name)
        expect(
            set(metrics) <= known,
            f"metrics of {name}: {', '.join(sorted(known))}",
            ", ".join(metrics),
            "Correct the names.",
        )
    return ", ".join(suite.metrics) or "all metrics"


def it_becomes_jobs(suite: Suite) -> str:
    """A run of it has jobs on those of its datasets that are here."""
    away = {name: reason for name, reason in states(suite, load_registry()).items() if reason}
    note = f"; not here: {', '.join(away)}" if away else ""
    try:
        jobs = plan(*_asked(suite), "cpu")
    except UsageError:
        if len(away) == len(states(suite, load_registry())):
            raise NotTested("none of its datasets is here") from None
        raise
    return (
        f"{len(jobs)} jobs a seed on {', '.join(sorted({str(job.dataset) for job in jobs}))}{note}"
    )


def _metrics_of(name: str) -> set[str]:
    """What a task measures."""
    task = joint_task(name, lambda loss: loss)
    model = joint_model(1, task, lambda loss: loss)
    prediction, targets, _ = predict(model, joint_data(1, task).train, task)
    return set(task.metrics(prediction, targets))


def _asked(suite: Suite) -> tuple[RunOptions, Registry]:
    """One seed of the suite, and a registry that has it, registered or not."""
    shelf: Shelf[Suite] = Shelf(suite.kind)
    shelf.put(suite, "checked")
    registry = dataclasses.replace(load_registry(), suites=shelf)
    return RunOptions(suite=suite.name, seeds=1), registry


PROPERTIES = (
    it_says_what_the_setting_is,
    what_it_names_is_registered,
    its_metrics_are_those_of_its_tasks,
    it_becomes_jobs,
)
