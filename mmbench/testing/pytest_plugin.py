"""The pytest plugin: one test per property of the registrations that a marker names.

::

    @pytest.mark.mmbench("my_fusion", "dataset:my_data")
    def test_conformance(mmbench_property):
        mmbench_property()

Nothing of mmbench's is imported before a test asks for `mmbench_property`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mmbench.testing.properties import Case

__all__ = ["pytest_configure", "pytest_generate_tests"]

_FIXTURE = "mmbench_property"
_MARKER = "mmbench"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*names): run the test once for each property of the named registrations "
        f"(`my_fusion`, `fusion:my_fusion`, a distribution, or a registration object), as `{_FIXTURE}`",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if _FIXTURE not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker(_MARKER)
    if marker is None:
        raise pytest.UsageError(
            f"Expected a test with `{_FIXTURE}` to name what it checks. Found no marker on "
            f"{metafunc.definition.nodeid}. Add @pytest.mark.{_MARKER}('<name>')."
        )
    cases = _cases(marker.args)
    metafunc.parametrize(_FIXTURE, [_test(case) for case in cases], ids=[c.label for c in cases])


def _cases(names: tuple[object, ...]) -> list[Case]:
    from mmbench.errors import MmbenchError
    from mmbench.testing.lookup import find
    from mmbench.testing.properties import Case, properties_for

    try:
        registrations = find(names)
    except MmbenchError as error:
        raise pytest.UsageError(str(error)) from None
    return [Case(item, entry) for entry in registrations for item in properties_for(entry)]


def _test(case: Case) -> Callable[[], None]:
    def run() -> None:
        result = case.run()
        if result.status == "skipped":
            pytest.skip(result.message)
        if result.status == "failed":
            pytest.fail(result.message, pytrace=False)

    return run
