"""The hash of a plugin's source: a job runs again when the code it uses has changed."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

__all__ = ["source_hash"]

HARNESS = "mmbench"


@functools.cache
def source_hash(module: str) -> str:
    """SHA-256 over the source of a module and of what it imports from its own top-level package.

    Imports are followed as they are written, also those inside functions; nothing is imported or
    run. Not seen are names put together at run time (`importlib.import_module(...)`), data files,
    and the `__init__` of an enclosing package unless something is imported from it: a package that
    gains a registration keeps the hashes of its other modules.

    The harness has one constant hash, because the version of the record's schema stands for it. A
    module without source (built in, zipped, typed at a prompt) is known by its name, its
    `__version__` and the version of Python.
    """
    if module.partition(".")[0] == HARNESS:
        return hashlib.sha256(HARNESS.encode()).hexdigest()
    sources = {name: source.digest for name, source in _closure(module).items()}
    if module not in sources:
        loaded = sys.modules.get(module)
        version = str(getattr(loaded, "__version__", ""))
        sources[module] = f"{version} on Python {platform.python_version()}"
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(sources.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class _Source:
    """One file: the hash of its text and the modules that it may import, as written."""

    digest: str
    imports: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    is_package: bool = False


def _closure(module: str) -> dict[str, _Source]:
    """The sources of a module and of all it imports from its top-level package, by name."""
    found: dict[str, _Source] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        path = None if name in found else _path(name)
        if path is not None:
            found[name] = _source(path)
            pending.extend(_targets(name, found[name]))
    return found


def _targets(module: str, source: _Source) -> Iterator[str]:
    """The modules of the same top-level package that a module imports."""
    top = module.partition(".")[0]
    for base, level, names in source.imports:
        target = _absolute(module, source.is_package, base, level)
        if target.partition(".")[0] != top:
            continue
        submodules = [f"{target}.{name}" for name in names if _path(f"{target}.{name}")]
        yield from submodules
        # `from . import helper` needs the package's own source only for what is no submodule.
        if len(submodules) < max(len(names), 1):
            yield target


def _absolute(module: str, is_package: bool, base: str, level: int) -> str:
    """The full name of what `from <level dots><base> import …` names inside a module."""
    if level == 0:
        return base
    parts = module.split(".")
    parents = parts[: len(parts) - level + is_package]
    return ".".join([*parents, base] if base else parents)


@functools.cache
def _source(path: Path) -> _Source:
    text = path.read_bytes().replace(b"\r\n", b"\n")
    digest = hashlib.sha256(text).hexdigest()
    if path.suffix != ".py":
        return _Source(digest)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return _Source(digest)  # It fails on import too, with a better message than one from here.
    return _Source(digest, tuple(_imports(tree)), path.name == "__init__.py")


def _imports(tree: ast.Module) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Each import as (module, leading dots, names taken from it)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level, tuple(alias.name for alias in node.names)


@functools.cache
def _path(module: str) -> Path | None:
    """The file of a module, None where it has none."""
    top, *rest = module.split(".")
    origin, folders = _locate(top)
    if not rest:
        return origin
    for folder in folders:
        path = folder.joinpath(*rest)
        siblings = _entries(path.parent)
        if path.name in siblings and "__init__.py" in _entries(path):
            return path / "__init__.py"
        for suffix in (".py", *EXTENSION_SUFFIXES):
            if path.name + suffix in siblings:
                return path.with_name(path.name + suffix)
    return None


@functools.cache
def _entries(folder: Path) -> frozenset[str]:
    """The names in a folder, in the case in which they are written, as import compares them."""
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


@functools.cache
def _locate(top: str) -> tuple[Path | None, tuple[Path, ...]]:
    """The file of a top-level module and the folders of its package, without importing it."""
    if top == "__main__":
        file = getattr(sys.modules[top], "__file__", None)
        return (Path(file) if file and Path(file).is_file() else None), ()
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None, ()
    if spec is None:
        return None, ()
    origin = Path(spec.origin) if spec.origin and Path(spec.origin).is_file() else None
    return origin, tuple(map(Path, spec.submodule_search_locations or ()))
