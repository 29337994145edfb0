from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Call = Callable[..., Any]
GOOD = (
    "import mmbench\n@mmbench.hookimpl\ndef mmbench_fusions():\n"
    "    return [mmbench.Fusion('acme', 'x:Y')]\n"
)


def test_plugins_as_json(call: Call, install: Any) -> None:
    install("acme", GOOD, version="3.1")
    install("broken", "import no_such_module\n")
    called = call("plugins", "--json")
    rows = {row["name"]: row for row in json.loads(called.out)}
    assert called.code == 0
    assert rows["acme_plugin"] == {
        "name": "acme_plugin",
        "distribution": "acme",
        "version": "3.1",
        "error": "",
        "provides": {"fusions": ["acme"]},
    }
    assert "No module named 'no_such_module'" in rows["broken_plugin"]["error"]
    assert "concat" in rows["mmbench_fusions"]["provides"]["fusions"]


def test_a_broken_plugin_is_shown_with_its_error(call: Call, install: Any) -> None:
    install("broken", "import sys\nsys.exit(4)\n")
    called = call("plugins")
    assert called.code == 0
    assert "broken_plugin  broken 1.0\n  not loaded: SystemExit: 4" in called.out
    assert "mmbench_fusions  mmbench" in called.out


def test_a_clash_is_shown_with_both_distributions(call: Call, install: Any) -> None:
    install("acme", GOOD)
    install("other", GOOD)
    called = call("plugins")
    assert called.code == 0
    assert "fusions: 'acme' is registered by acme and by other; it cannot be used." in called.out


def test_the_group_can_switch_third_parties_off(call: Call, install: Any, monkeypatch: Any) -> None:
    install("acme", GOOD)
    monkeypatch.setenv("MMBENCH_PLUGINS", "acme")
    called = call("--no-plugins", "plugins")
    assert called.code == 0
    assert "acme" not in called.out
    assert "mmbench_fusions" in called.out
