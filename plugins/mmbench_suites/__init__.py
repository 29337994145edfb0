"""First-party suites: settings in which people fuse modalities, one file each."""

from __future__ import annotations

from mmbench import Suite, hookimpl
from mmbench_suites.customer_service import customer_service
from mmbench_suites.driving import driving
from mmbench_suites.interactions import interactions
from mmbench_suites.medical import medical
from mmbench_suites.retrieval import retrieval
from mmbench_suites.sentiment import sentiment


@hookimpl
def mmbench_suites() -> list[Suite]:
    return [customer_service(), driving(), interactions(), medical(), retrieval(), sentiment()]
