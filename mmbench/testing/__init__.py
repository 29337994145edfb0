"""What a plugin must keep to, as small properties that anybody can run on their own plugin.

`mmbench check NAME` runs them on the command line. In a test suite::

    @pytest.mark.mmbench("my_fusion")
    def test_conformance(mmbench_property):
        mmbench_property()
"""

from __future__ import annotations

from mmbench.testing.properties import Case, Property, check, properties_for
from mmbench.testing.results import NotTested, Result, Violation, expect

__all__ = [
    "Case",
    "NotTested",
    "Property",
    "Result",
    "Violation",
    "check",
    "expect",
    "properties_for",
]
