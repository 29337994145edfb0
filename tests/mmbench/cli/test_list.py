from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mmbench.registry import KINDS, load_registry

Call = Callable[..., Any]
GOOD = (
    "import mmbench\n@mmbench.hookimpl\ndef mmbench_fusions():\n"
    "    return [mmbench.Fusion('acme', 'x:Y', summary='Acme.', paper='Doe 2020')]\n"
)


def test_fusions_as_json(call: Call) -> None:
    called = call("list", "fusions", "--json")
    rows = json.loads(called.out)
    assert called.code == 0
    assert [row["name"] for row in rows] == list(load_registry().fusions)
    concat = next(row for row in rows if row["name"] == "concat")
    assert set(concat) >= {"kind", "name", "plugin", "summary", "paper", "level", "parameters"}
    assert (concat["kind"], concat["plugin"], concat["level"]) == ("fusion", "mmbench", "pooled")
    assert all(row["summary"] for row in rows)


def test_everything_as_json(call: Call) -> None:
    rows = json.loads(call("list", "--json").out)
    registry = load_registry()
    assert len(rows) == sum(len(registry.shelf(kind)) for kind in KINDS)
    mfeat = next(row for row in rows if row["name"] == "mfeat")
    assert mfeat["task"] == "classification"
    assert mfeat["modalities"] == {"fou": "tabular", "mor": "tabular", "zer": "tabular"}
    assert mfeat["licence"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_for_people(call: Call, kind: str) -> None:
    called = call("list", kind)
    shelf = load_registry().shelf(kind)
    assert called.code == 0
    assert called.out.startswith(f"{kind} ({len(shelf)})")
    assert all(f"  {name} " in called.out for name in shelf)


def test_an_unknown_kind_ends_with_2(call: Call) -> None:
    called = call("list", "fusion")
    assert called.code == 2
    assert "'fusions'" in called.err


def test_a_third_party_is_listed_with_its_distribution(call: Call, install: Any) -> None:
    install("acme", GOOD)
    rows = json.loads(call("list", "fusions", "--json").out)
    row = next(row for row in rows if row["name"] == "acme")
    assert (row["plugin"], row["summary"], row["paper"]) == ("acme", "Acme.", "Doe 2020")


def test_a_clash_is_listed_with_both_distributions(call: Call, install: Any) -> None:
    install("acme", GOOD)
    install("other", GOOD)
    called = call("list", "fusions", "--json")
    row = next(row for row in json.loads(called.out) if row["name"] == "acme")
    assert (called.code, row["plugin"]) == (0, "acme and other")
    called = call("list", "fusions")
    assert called.code == 0
    assert "Warning: fusion 'acme' is registered by acme and other." in called.err


def test_a_broken_plugin_is_warned_of(call: Call, install: Any) -> None:
    install("acme", "raise ValueError('no licence')\n")
    called = call("list", "fusions")
    assert called.code == 0
    assert "plugin 'acme_plugin' is not loaded: ValueError: no licence" in called.err
    assert "concat" in called.out
