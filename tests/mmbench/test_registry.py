from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.errors import DuplicateName, UnknownName, UsageError
from mmbench.registrations import Fusion
from mmbench.registry import KINDS, SWITCH, Plugin, Registry, Shelf, load_registry

HEAD = "import mmbench\n@mmbench.hookimpl\n"
GOOD = HEAD + "def mmbench_fusions():\n    return [mmbench.Fusion('acme', 'acme_plugin:Acme')]\n"
BROKEN = {
    "raises": ("import mmbench\nraise ValueError('no licence')\n", "ValueError: no licence"),
    "exits": ("import sys\nsys.exit('bye')\n", "SystemExit: bye"),
    "import": ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    "syntax": ("def (\n", "SyntaxError"),
    "no_hook": ("import mmbench\n", "at least one hook"),
    "no_list": (HEAD + "def mmbench_fusions():\n    return 3\n", "to return a list of mmbench.Fu"),
    "wrong_item": (HEAD + "def mmbench_fusions():\n    return ['x']\n", "Found 'x'"),
    "wrong_kind": (
        HEAD + "def mmbench_weightings():\n    return [mmbench.Fusion('x', 'y:Z')]\n",
        "Expected mmbench_weightings() to return mmbench.Weighting objects",
    ),
    "misspelled": (
        HEAD + "def mmbench_fusion():\n    return []\n",
        "Unknown hook 'mmbench_fusion'. Did you mean 'mmbench_fusions'?",
    ),
    "hook_raises": (HEAD + "def mmbench_fusions():\n    return 1 / 0\n", "ZeroDivisionError"),
    "bad_name": (
        HEAD + "def mmbench_fusions():\n    return [mmbench.Fusion('a b', 'x:Y')]\n",
        "Found 'a b'",
    ),
    "arguments": (HEAD + "def mmbench_fusions(dims):\n    return []\n", "dims"),
    "misspelled_with_arguments": (
        HEAD
        + "def mmbench_aaa():\n    return []\n@mmbench.hookimpl\n"
        + "def mmbench_fusions(x):\n    return []\n",
        "mmbench_",
    ),
}

Install = Callable[..., Path]


def plugin(name: str) -> Plugin:
    return next(found for found in load_registry().plugins if found.name == f"{name}_plugin")


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_listed_with_its_error_and_takes_nobody_along(
    install: Install, case: str
) -> None:
    before = {kind: list(load_registry().shelf(kind)) for kind in KINDS}
    source, message = BROKEN[case]
    # One sorts before the first-party distribution, one after it.
    install("aaa", source)
    install("zzz", GOOD)
    registry = load_registry()
    assert message in plugin("aaa").error
    assert [found.name for found in registry.broken] == ["aaa_plugin"]
    assert plugin("aaa").provides == {}
    after = {kind: list(registry.shelf(kind)) for kind in KINDS}
    assert after == {**before, "fusions": sorted([*before["fusions"], "acme"])}


def test_an_unknown_name_tells_which_plugins_are_not_loaded(install: Install) -> None:
    install("aaa", BROKEN["raises"][0])
    with pytest.raises(UnknownName, match=r"'aaa_plugin' \(aaa\) is not loaded: ValueError: no li"):
        load_registry().fusions["acme"]


def test_a_plugin_tells_its_distribution_version_and_names(install: Install) -> None:
    install("acme", GOOD, version="2.5")
    expected = Plugin("acme_plugin", "acme", "2.5", provides={"fusions": ("acme",)})
    assert plugin("acme") == expected
    assert load_registry().fusions.sources["acme"] == ["acme"]


def test_a_duplicate_name_stops_only_who_uses_it(install: Install) -> None:
    install("acme", GOOD)
    install("other", GOOD)
    registry = load_registry()
    assert registry.broken == ()
    assert registry.fusions.clashes == {"acme": ["acme", "other"]}
    with pytest.raises(DuplicateName, match=r"'acme'\. Found it in acme and in other\..*--no-plug"):
        registry.fusions["acme"]
    assert "acme" in registry.fusions
    others = [name for name in registry.fusions if name != "acme"]
    assert [registry.fusions[name].name for name in others] == others
    assert registry.fusions.with_role("default").role == "default"
    assert registry.fusions.entries["acme"].name == "acme"


def test_a_plugin_cannot_take_over_a_first_party_name(install: Install) -> None:
    taken = load_registry().fusions.with_role("default").name
    install("acme", GOOD.replace("'acme'", repr(taken)))
    with pytest.raises(DuplicateName, match="in acme and in mmbench"):
        load_registry().fusions[taken]


@pytest.mark.parametrize(
    ("switch", "loaded"),
    [
        (None, {"acme", "other"}),
        ("", set()),
        (" ", set()),
        ("acme", {"acme"}),
        ("acme_plugin", {"acme"}),
        ("acme, other", {"acme", "other"}),
        ("nobody", set()),
    ],
)
def test_the_switch_chooses_third_parties_and_keeps_first_parties(
    install: Install, monkeypatch: pytest.MonkeyPatch, switch: str | None, loaded: set[str]
) -> None:
    first_party = len(load_registry().plugins)
    for name in ("acme", "other"):
        install(name, GOOD.replace("'acme'", f"'{name}'"))
    if switch is not None:
        monkeypatch.setenv(SWITCH, switch)
    load_registry.cache_clear()
    plugins = load_registry().plugins
    assert {found.distribution for found in plugins} == {"mmbench"} | loaded
    assert len(plugins) == first_party + len(loaded)


def test_first_party_plugins_are_whole() -> None:
    registry = load_registry()
    assert [plugin for plugin in registry.broken if plugin.distribution == "mmbench"] == []
    assert all(list(registry.shelf(kind)) for kind in KINDS)


def test_shelves_are_sorted_whatever_the_order_of_registration() -> None:
    shelf: Shelf[Fusion] = Shelf("fusion")
    for name in ("b", "c", "a"):
        shelf.put(Fusion(name, "x:Y"), "toy")
    assert list(shelf) == ["a", "b", "c"]
    assert len(shelf) == 3


@pytest.mark.parametrize(
    ("roles", "found"), [(("", ""), "none"), (("default", "default"), "f0, f1")]
)
def test_a_role_must_be_held_by_one(roles: tuple[str, str], found: str) -> None:
    shelf: Shelf[Fusion] = Shelf("fusion")
    for index, role in enumerate(roles):
        shelf.put(Fusion(f"f{index}", "x:Y", role=role), "toy")
    with pytest.raises(UsageError, match=rf"one fusion with the role 'default'. Found {found}\."):
        shelf.with_role("default")


def test_an_unknown_kind_gets_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"'fusion'\. Did you mean 'fusions'"):
        registry.shelf("fusion")


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["plugins"], ["run", "--help"]])
def test_looking_around_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom mmbench.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as done:\n    code = done.code\n"
        "heavy = {'torch', 'numpy', 'pandas', 'scipy', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy), code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    expected = "[]" if arguments[0] != "run" else done.stdout.splitlines()[-1][7:-2]
    assert done.stdout.splitlines()[-1] == f"heavy: {expected} 0", done.stderr
    assert "torch" not in expected
