"""The package of a new plugin, written from templates."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path
from string import Template

from mmbench.errors import UsageError
from mmbench.registry import KINDS, load_registry

__all__ = ["SCAFFOLDS", "write_package"]

SCAFFOLDS = ("alignment", "dataset", "encoder", "fusion", "report", "weighting")
_TEMPLATES = Path(__file__).parent / "templates"
_RUN = {
    "alignment": "mmbench run -d DATASET --objective joint+uni+align --alignment $name",
    "dataset": "mmbench run -d $name",
    "encoder": "mmbench run -d DATASET -e MODALITY=$name",
    "fusion": "mmbench run -d DATASET -f $name",
    "report": "mmbench report RESULTS",
    "weighting": "mmbench run -d DATASET -w $name",
}


def write_package(kind: str, name: str, parent: Path) -> Path:
    """Write the package of a plugin that registers one thing.

    Args:
        kind: one of SCAFFOLDS.
        name: of the registration; a Python identifier in lower case.
        parent: the folder that the package's folder `mmbench-<name>` is made in.

    Returns:
        The package's folder.

    Raises:
        UsageError: if the name cannot be used, or the folder exists.

    """
    _check_name(kind, name)
    module = f"mmbench_{name}"
    folder = parent / module.replace("_", "-")
    if folder.exists():
        raise UsageError(
            f"Expected {folder} not to exist, since nothing is overwritten. "
            f"Found it. Choose another name or another --out."
        )
    values = {
        "kind": kind,
        "name": name,
        "module": module,
        "distribution": folder.name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
    }
    values["run"] = Template(_RUN[kind]).substitute(values)
    for path, template in _files(kind, name, module).items():
        text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


def _files(kind: str, name: str, module: str) -> dict[str, str]:
    """Path in the package -> template."""
    return {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "readme.md.txt",
        f"{module}/__init__.py": f"{kind}_registration.py.txt",
        f"{module}/{name}.py": f"{kind}.py.txt",
        f"{module}/py.typed": "empty.txt",
        f"tests/test_{name}.py": "test.py.txt",
    }


def _check_name(kind: str, name: str) -> None:
    if not re.match(r"[a-z][a-z0-9_]*\Z", name) or keyword.iskeyword(name):
        raise UsageError(
            f"Expected a name of lower-case letters, digits and '_' that begins with a letter and is no word "
            f"of Python's. Found {name!r}."
        )
    shelves = {registration.kind: plural for plural, registration in KINDS.items()}
    if name in load_registry().shelf(shelves[kind]):
        raise UsageError(
            f"Expected a {kind} that does not exist. Found {name!r} registered. Choose another name."
        )
    if importlib.util.find_spec(f"mmbench_{name}") is not None:
        raise UsageError(
            f"Expected no module 'mmbench_{name}'. Found one installed. Choose another name."
        )
