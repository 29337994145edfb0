"""Where the datasets of a suite are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mmbench.jobs import Pick
from mmbench.registrations import Dataset, Suite
from mmbench.registry import Registry
from mmbench.suite_datasets import entries, states, unavailable

FACTS = Dataset("facts", "toy.data:facts", task="regression", modalities={"table": "tabular"})


def test_a_pattern_stands_for_several_datasets(registry: Registry) -> None:
    suite = Suite("s", title="S", text="S.", datasets={"*[modalities=note]": ("note=reader",)})
    assert [(str(pick), encoders) for pick, encoders in entries(suite, registry)] == [
        ("facts[modalities=note]", ("note=reader",)),
        ("remote[modalities=note]", ("note=reader",)),
    ]


def test_what_an_extra_brings_is_missed_with_it() -> None:
    assert unavailable(FACTS, Pick("facts")) == ""
    assert unavailable(replace(FACTS, requires=("json",)), Pick("facts")) == ""
    absent = replace(FACTS, requires=("json", "no_such_module"))
    assert unavailable(absent, Pick("facts")) == "it needs no_such_module, which is not installed"


def test_a_root_of_its_own_is_looked_at(tmp_path: Path) -> None:
    on_disk = replace(FACTS, layout="facts.csv")
    assert unavailable(on_disk, Pick("facts", {"root": str(tmp_path)})) == ""
    gone = tmp_path / "gone"
    found = unavailable(on_disk, Pick("facts", {"root": str(gone)}))
    assert found.startswith(f"nothing is at {gone}; it needs facts.csv")


def test_who_only_looks_is_told_what_is_not_registered(build: Callable[..., Registry]) -> None:
    suite = Suite("s", title="S", text="S.", datasets={"gone": (), "facts": ()})
    found = states(suite, build(suites=[suite]))
    assert list(found) == ["gone", "facts"]
    assert found["facts"] == ""
    assert found["gone"].startswith("Unknown dataset 'gone'.")
