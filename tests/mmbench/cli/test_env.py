from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import mmbench

Call = Callable[..., Any]


def test_the_environment_as_json(call: Call) -> None:
    called = call("env", "--json")
    found = json.loads(called.out)
    assert called.code == 0
    assert found["torch"] == version("torch")
    assert found["cores"] >= 1
    assert set(found) >= {"platform", "python", "cpu", "memory_gb", "threads", "devices"}


def test_the_environment_for_people_has_the_same_names(call: Call) -> None:
    names = json.loads(call("env", "--json").out)
    lines = call("env").out.splitlines()
    assert [line.split()[0] for line in lines] == list(names)


def test_the_version(call: Call) -> None:
    called = call("--version")
    assert (called.code, mmbench.__version__ in called.out) == (0, True)


def test_an_unknown_command_ends_with_2(call: Call) -> None:
    called = call("rnu")
    assert (called.code, "rnu" in called.err) == (2, True)
