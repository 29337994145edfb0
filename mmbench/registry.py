"""Discovery: entry points in, registries out. One broken plugin never takes the others along."""

from __future__ import annotations

import difflib
import importlib.metadata
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

import pluggy

from mmbench import hookspecs
from mmbench.errors import DuplicateName, PluginError, UsageError, unknown
from mmbench.registrations import (
    Alignment,
    Dataset,
    Encoder,
    Engine,
    Fusion,
    Registration,
    Report,
    Sampler,
    Suite,
    Weighting,
)

__all__ = ["KINDS", "Plugin", "Registry", "Shelf", "load_registry"]

GROUP = "mmbench"
SWITCH = "MMBENCH_PLUGINS"
KINDS: dict[str, type[Registration]] = {
    "alignments": Alignment,
    "datasets": Dataset,
    "encoders": Encoder,
    "engines": Engine,
    "fusions": Fusion,
    "reports": Report,
    "samplers": Sampler,
    "suites": Suite,
    "weightings": Weighting,
}
R = TypeVar("R", bound=Registration)


@dataclass(frozen=True)
class Plugin:
    """One entry point of the group `mmbench`, loaded or broken.

    Attributes:
        name: of the entry point.
        distribution: the installed package that declares it.
        version: of that package.
        error: why it is not usable, empty where it is.
        provides: kind -> names it registers.

    """

    name: str
    distribution: str
    version: str
    error: str = ""
    provides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Shelf(Mapping[str, R]):
    """The registrations of one kind, sorted by name."""

    def __init__(self, kind: str, broken: Iterable[Plugin] = ()) -> None:
        self.kind = kind
        self.sources: dict[str, list[str]] = {}
        self._entries: dict[str, R] = {}
        self._broken = tuple(broken)

    def put(self, registration: R, distribution: str) -> None:
        """Add a registration; a second one of the same name turns both into a clash."""
        self._entries.setdefault(registration.name, registration)
        self.sources.setdefault(registration.name, []).append(distribution)
        self._entries = dict(sorted(self._entries.items()))

    @property
    def clashes(self) -> dict[str, list[str]]:
        """Names that more than one plugin registers, with their distributions."""
        return {name: found for name, found in self.sources.items() if len(found) > 1}

    @property
    def entries(self) -> Mapping[str, R]:
        """All registrations, for those who look and do not use: of a clash, the first."""
        return MappingProxyType(self._entries)

    def __getitem__(self, name: str) -> R:
        if name not in self._entries:
            note = "".join(
                f" Plugin {plugin.name!r} ({plugin.distribution}) is not loaded: {plugin.error}"
                for plugin in self._broken
            )
            raise unknown(self.kind, name, self._entries, note)
        if name in self.clashes:
            raise DuplicateName(
                f"Expected one {self.kind} named {name!r}. Found it in {' and in '.join(self.sources[name])}. "
                f"Uninstall one of them, or run with --no-plugins."
            )
        return self._entries[name]

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def with_role(self, role: str) -> R:
        """The one registration with `role`.

        Raises:
            UsageError: if none or several have it.

        """
        found = [
            name for name, entry in self._entries.items() if getattr(entry, "role", "") == role
        ]
        if len(found) != 1:
            raise UsageError(
                f"Expected one {self.kind} with the role {role!r}. Found {', '.join(found) or 'none'}."
            )
        return self[found[0]]


@dataclass(frozen=True)
class Registry:
    """Everything that is registered, and every plugin that was found."""

    plugins: tuple[Plugin, ...]
    alignments: Shelf[Alignment]
    datasets: Shelf[Dataset]
    encoders: Shelf[Encoder]
    engines: Shelf[Engine]
    fusions: Shelf[Fusion]
    reports: Shelf[Report]
    samplers: Shelf[Sampler]
    suites: Shelf[Suite]
    weightings: Shelf[Weighting]

    def shelf(self, kind: str) -> Shelf[Any]:
        """The shelf of a kind in the plural, such as `fusions`."""
        if kind not in KINDS:
            raise unknown("kind of plugin", kind, KINDS)
        shelf: Shelf[Any] = getattr(self, kind)
        return shelf

    @property
    def broken(self) -> tuple[Plugin, ...]:
        return tuple(plugin for plugin in self.plugins if plugin.error)


@cache
def load_registry() -> Registry:
    """Load every entry point of the group `mmbench`, each in its own `try`.

    The environment variable MMBENCH_PLUGINS, where set, lists the third-party plugins to load (by entry point
    or distribution, with commas); empty, it switches them all off.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins: list[Plugin] = []
    registered: list[tuple[Plugin, dict[str, list[Registration]]]] = []
    for entry in _entry_points():
        plugin, found = _load(manager, entry)
        plugins.append(plugin)
        registered.append((plugin, found))
    broken = [plugin for plugin in plugins if plugin.error]
    shelves: dict[str, Shelf[Any]] = {
        kind: Shelf(registration.kind, broken) for kind, registration in KINDS.items()
    }
    for plugin, found in registered:
        for kind, entries in found.items():
            for entry_found in entries:
                shelves[kind].put(entry_found, plugin.distribution)
    return Registry(plugins=tuple(plugins), **shelves)


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    found = {
        (_distribution(entry), entry.name): entry
        for entry in importlib.metadata.entry_points(group=GROUP)
    }
    switch = os.environ.get(SWITCH)
    wanted = (
        None if switch is None else {name.strip() for name in switch.split(",") if name.strip()}
    )
    return [
        entry
        for (distribution, name), entry in sorted(found.items())
        if distribution == GROUP or wanted is None or {distribution, name} & wanted
    ]


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _load(
    manager: pluggy.PluginManager, entry: importlib.metadata.EntryPoint
) -> tuple[Plugin, dict[str, list[Registration]]]:
    version = entry.dist.version if entry.dist else ""
    distribution = _distribution(entry)
    try:
        module = entry.load()
        found = _register(manager, module, f"{distribution}:{entry.name}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit on import
        message = f"{type(error).__name__}: {error}"
        return Plugin(entry.name, distribution, version, error=message), {}
    provides = {kind: tuple(item.name for item in items) for kind, items in found.items() if items}
    return Plugin(entry.name, distribution, version, provides=provides), found


def _register(
    manager: pluggy.PluginManager, module: ModuleType, name: str
) -> dict[str, list[Registration]]:
    manager.register(module, name=name)
    try:
        _check_hooks(manager, module)
        return {kind: _call(manager, module, kind) for kind in KINDS}
    except BaseException:
        manager.unregister(module)
        raise


def _check_hooks(manager: pluggy.PluginManager, module: ModuleType) -> None:
    """Every hook implementation of the module has a specification, and there is at least one."""
    names = [caller.name for caller in manager.get_hookcallers(module) or ()]
    if not names:
        raise PluginError(
            "Expected the module to implement at least one hook with @mmbench.hookimpl. Found none."
        )
    hooks = [f"mmbench_{kind}" for kind in KINDS]
    for name in names:
        if name not in hooks:
            nearest = difflib.get_close_matches(name, hooks, n=1)
            guess = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise PluginError(f"Unknown hook {name!r}.{guess} Hooks: {', '.join(hooks)}.")
    manager.check_pending()


def _call(manager: pluggy.PluginManager, module: ModuleType, kind: str) -> list[Registration]:
    hook = getattr(manager.hook, f"mmbench_{kind}")
    expected = KINDS[kind]
    found: list[Registration] = []
    for implementation in hook.get_hookimpls():
        if implementation.plugin is not module:
            continue
        returned = implementation.function()
        if not isinstance(returned, list | tuple):
            raise PluginError(
                f"Expected mmbench_{kind}() to return a list of mmbench.{expected.__name__}. "
                f"Found {type(returned).__name__}."
            )
        for item in returned:
            if not isinstance(item, expected):
                raise PluginError(
                    f"Expected mmbench_{kind}() to return mmbench.{expected.__name__} objects. "
                    f"Found {item!r}."
                )
        found.extend(returned)
    return found
