"""From records to comparisons, and from the sections of a report to files and one page."""

from __future__ import annotations

from mmbench.reporting.report import write_report
from mmbench.reporting.verdicts import headline, verdicts

__all__ = ["headline", "verdicts", "write_report"]
