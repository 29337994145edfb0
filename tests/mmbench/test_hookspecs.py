from __future__ import annotations

import inspect
import typing

import pytest

from mmbench import hookspecs
from mmbench.registry import KINDS

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("mmbench_"))


def test_there_is_one_hook_per_kind() -> None:
    assert [f"mmbench_{kind}" for kind in sorted(KINDS)] == HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_takes_nothing_is_documented_and_returns_a_list_of_its_kind(name: str) -> None:
    hook = getattr(hookspecs, name)
    assert inspect.signature(hook).parameters == {}
    assert (hook.__doc__ or "").strip().endswith(".")
    kind = KINDS[name.removeprefix("mmbench_")]
    assert typing.get_type_hints(hook)["return"] == list[kind]  # type: ignore[valid-type]
