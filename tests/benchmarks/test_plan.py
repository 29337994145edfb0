"""How long a large run takes to plan, in seconds of the processor."""

from __future__ import annotations

import pytest

from mmbench import fingerprint
from mmbench.fingerprint import source_hash
from mmbench.registry import load_registry
from mmbench.suite import plan

SECONDS_A_JOB = 5 / 100_000

pytestmark = pytest.mark.benchmark(group="plan")


def test_a_plan(asked, count, within):
    found = within(SECONDS_A_JOB * count, lambda: plan(asked, load_registry(), "cpu"))
    assert len(found) >= count


def test_the_sources_of_a_hundred_modules(within, tmp_path, monkeypatch):
    package = tmp_path / "crowd"
    package.mkdir()
    (package / "__init__.py").touch()
    body = "\n".join(f"def f{i}(x):\n    return [x + {i}, x * {i}]\n" for i in range(50))
    for index in range(100):
        text = f"from crowd.m{(index + 1) % 100} import f0\n{body}"
        (package / f"m{index}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))

    def hashes() -> set[str]:
        for cached in vars(fingerprint).values():
            getattr(cached, "cache_clear", lambda: None)()
        return {source_hash(f"crowd.m{index}") for index in range(100)}

    assert len(within(1.0, hashes)) == 1  # 0.2 s on a machine at rest
