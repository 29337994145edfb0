"""What the harness may know, and who may import whom."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmbench
from mmbench import hookspecs
from mmbench.registry import KINDS, load_registry

ROOT = Path(mmbench.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MODULES = sorted(info.name for info in pkgutil.walk_packages(mmbench.__path__, "mmbench."))
FIRST_PARTY = sorted(
    plugin.name for plugin in load_registry().plugins if plugin.distribution == "mmbench"
)
METHODS = ("alignments", "datasets", "encoders", "engines", "fusions", "weightings")
# Registered names that are also words of the harness, and what they mean there.
WORDS = {
    "mean": "an aggregation of pandas, NumPy and torch",
    "max": "the same",
    "sum": "the same",
    "shuffled": "a role of fusions in the contract",
    "prior": "a role of fusions in the contract",
    "unimodal": "a role of fusions in the contract",
}
# Harness -> what it must not reach, directly or through others of its package.
FORBIDDEN = {
    "mmbench.training": ("mmbench.results", "mmbench.runner", "mmbench.cli", "mmbench.reporting"),
    "mmbench.model": ("mmbench.results", "mmbench.runner", "mmbench.cli", "mmbench.reporting"),
    "mmbench.worker": ("mmbench.runner", "mmbench.cli", "mmbench.reporting"),
    "mmbench.registry": ("mmbench.suite", "mmbench.runner", "mmbench.cli", "mmbench.training"),
    "mmbench.reporting": ("mmbench.runner", "mmbench.cli", "mmbench.training", "mmbench.worker"),
}
# What trains and tunes gets a training part that somebody else has cut out.
SPLITTERS = ("sklearn.model_selection", "mmbench.data.split", "mmbench.worker")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, also inside functions, but not for type checkers alone."""
    return tuple(_imports_of(path))


def _imports_of(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def strings_of(path: Path) -> set[str]:
    """String constants of a file, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    }


def registered() -> set[str]:
    registry = load_registry()
    return {
        name
        for kind in METHODS
        for name, sources in registry.shelf(kind).sources.items()
        if "mmbench" in sources
    }


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 30
    assert len(FIRST_PARTY) == len(KINDS)
    assert {"concat", "equal", "mfeat", "infonce", "mlp", "local"} <= registered()


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_the_harness_imports_no_plugin(path: Path) -> None:
    reached = [name for name in imports_of(path) if name.partition(".")[0] in FIRST_PARTY]
    assert reached == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_the_harness_names_no_plugin(path: Path) -> None:
    hooks = {f"mmbench_{kind}" for kind in KINDS}
    strings = strings_of(path)
    packages = {text for text in strings if text.partition(":")[0].partition(".")[0] in FIRST_PARTY}
    assert packages - hooks == set()
    assert strings & (registered() - set(WORDS)) == set()


def test_the_allowed_words_are_still_registered_and_used() -> None:
    used = set().union(*(strings_of(path) for path in FILES))
    assert set(WORDS) <= registered()
    assert set(WORDS) <= used | {"mean", "max", "sum"}


def reachable(start: str) -> set[str]:
    """Modules of the harness that a module, or any of a package, imports, directly or not."""
    files = {module_of(path): path for path in FILES}
    pending = [name for name in files if within(name, start)]
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [target for target in imports_of(files[name]) if target in files]
    return found


@pytest.mark.parametrize("start", FORBIDDEN)
def test_nothing_flows_back(start: str) -> None:
    reached = reachable(start)
    assert reached != set()
    backwards = {name for name in reached for package in FORBIDDEN[start] if within(name, package)}
    assert backwards == set()


def test_only_the_command_line_imports_the_command_line() -> None:
    importers = {
        module_of(path)
        for path in FILES
        if any(within(target, "mmbench.cli") for target in imports_of(path))
    }
    outside = {name for name in importers if not within(name, "mmbench.cli")}
    assert outside == {"mmbench.__main__"}


@pytest.mark.parametrize("start", ["mmbench.training", "mmbench.model", "mmbench.objective"])
def test_what_trains_can_neither_split_nor_load(start: str) -> None:
    files = {module_of(path): path for path in FILES}
    for name in files:
        if within(name, start):
            taken = set(imports_of(files[name]))
            assert not any(within(target, banned) for target in taken for banned in SPLITTERS)


@pytest.mark.parametrize("name", [f"mmbench_{kind}" for kind in KINDS])
def test_every_hook_has_a_docstring_of_one_line(name: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, name)) or ""
    assert text
    assert "\n" not in text


@pytest.mark.parametrize("name", ["mmbench", *MODULES])
def test_what_a_module_exports_exists_once(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert len(set(exported)) == len(exported)
    assert [item for item in exported if not hasattr(module, item)] == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_public_classes_and_functions_are_exported(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exported = set(getattr(importlib.import_module(module_of(path)), "__all__", ()))
    if not exported:
        return
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    used_elsewhere = {
        target.removeprefix(f"{module_of(path)}.")
        for other in FILES
        if other != path
        for target in imports_of(other)
        if target.startswith(f"{module_of(path)}.")
    }
    assert defined & used_elsewhere <= exported | {"Lazy"}


def test_importing_first_party_plugins_is_light() -> None:
    script = (
        f"import importlib, sys\nfor name in {FIRST_PARTY!r}:\n    importlib.import_module(name)\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'scipy', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
