"""Registrations by what people call them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmbench.errors import PluginError, UsageError, unknown
from mmbench.registrations import Registration
from mmbench.registry import KINDS, Registry, Shelf, load_registry

__all__ = ["everything", "find"]


def find(names: Iterable[object]) -> list[Registration]:
    """What each name stands for: `my_fusion`, `fusion:my_fusion`, a distribution, or a registration itself.

    Raises:
        UnknownName: if nothing is called so.
        UsageError: if a name without its kind is that of several kinds.
        PluginError: if it is the distribution of a plugin that could not be loaded.

    """
    registry = load_registry()
    found: list[Registration] = []
    for name in names:
        entries = [name] if isinstance(name, Registration) else _named(registry, str(name))
        found.extend(entry for entry in entries if entry not in found)
    return found


def everything() -> list[Registration]:
    """All registrations of the kinds that have properties of their own."""
    registry = load_registry()
    return [shelf[name] for shelf in _shelves(registry) for name in shelf if shelf.kind != "engine"]


def _named(registry: Registry, name: str) -> list[Registration]:
    kind, colon, rest = name.partition(":")
    by_kind = {shelf.kind: shelf for shelf in _shelves(registry)}
    if colon:
        if kind not in by_kind:
            raise unknown("kind", kind, by_kind)
        return [by_kind[kind][rest]]
    holders = [shelf for shelf in by_kind.values() if name in shelf]
    if len(holders) > 1:
        listed = " or ".join(f"{shelf.kind}:{name}" for shelf in holders)
        raise UsageError(f"Expected {name!r} to be the name of one thing. Say {listed}.")
    if holders:
        return [holders[0][name]]
    return _of_distribution(registry, name)


def _of_distribution(registry: Registry, name: str) -> list[Registration]:
    plugins = [plugin for plugin in registry.plugins if name in (plugin.distribution, plugin.name)]
    if not plugins:
        names = {entry for shelf in _shelves(registry) for entry in shelf}
        names |= {plugin.distribution for plugin in registry.plugins}
        raise unknown("name", name, names)
    for plugin in plugins:
        if plugin.error:
            raise PluginError(
                f"Expected plugin {plugin.name!r} of {plugin.distribution} to load. Found {plugin.error}. "
                f"Fix its module, then check again."
            )
    return [
        registry.shelf(kind)[entry]
        for plugin in plugins
        for kind, entries in plugin.provides.items()
        for entry in entries
        if kind != "engines"
    ]


def _shelves(registry: Registry) -> list[Shelf[Any]]:
    return [registry.shelf(kind) for kind in KINDS]
