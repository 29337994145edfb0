from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.mmbench("shared_gate", "dataset:xor")
def test_conformance(mmbench_property: Callable[[], None]) -> None:
    mmbench_property()
