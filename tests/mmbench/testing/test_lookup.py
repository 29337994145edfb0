from __future__ import annotations

import pytest

from mmbench.errors import PluginError, UnknownName, UsageError
from mmbench.registry import load_registry
from mmbench.testing.lookup import everything, find

BOTH = """
import mmbench


@mmbench.hookimpl
def mmbench_fusions():
    return [mmbench.Fusion("twin", "acme:Twin"), mmbench.Fusion("only", "acme:Only")]


@mmbench.hookimpl
def mmbench_weightings():
    return [mmbench.Weighting("twin", "acme:Weigh")]
"""


def labels(registrations):
    return [f"{entry.kind}:{entry.name}" for entry in registrations]


def test_a_name_finds_its_registration_and_a_distribution_all_of_its(install):
    install("acme", BOTH)
    assert labels(find(["only"])) == ["fusion:only"]
    assert labels(find(["weighting:twin"])) == ["weighting:twin"]
    assert labels(find(["acme"])) == ["fusion:twin", "fusion:only", "weighting:twin"]
    assert labels(find(["only", "acme"])) == ["fusion:only", "fusion:twin", "weighting:twin"]


def test_a_name_of_two_kinds_asks_which(install):
    install("acme", BOTH)
    with pytest.raises(UsageError, match="fusion:twin or weighting:twin"):
        find(["twin"])


@pytest.mark.parametrize("name", ["onyl", "fusion:onyl", "fusoin:only"])
def test_an_unknown_name_is_answered_with_the_nearest(install, name):
    install("acme", BOTH)
    with pytest.raises(UnknownName, match="Did you mean"):
        find([name])


def test_a_broken_distribution_says_why(install):
    install("acme", "raise ImportError('no engine')")
    with pytest.raises(PluginError, match="no engine"):
        find(["acme"])


def test_everything_has_no_engine():
    kinds = {entry.kind for entry in everything()}
    assert kinds == {
        shelf.kind
        for shelf in map(
            load_registry().shelf,
            (
                "alignments",
                "datasets",
                "encoders",
                "fusions",
                "reports",
                "samplers",
                "suites",
                "weightings",
            ),
        )
    }
