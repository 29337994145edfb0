from __future__ import annotations

from dataclasses import replace

import pytest

from mmbench.errors import NotApplicable
from mmbench.training.matching import TOLERANCE, matched, size


@pytest.mark.parametrize("target", [20_000, 60_000])
def test_the_width_gives_the_number_of_parameters(bench, target):
    recipe = replace(bench.recipe(), target_params=target)
    hyper = matched(recipe, {"lr": 0.1})
    assert hyper["lr"] == 0.1
    assert abs(size(recipe, hyper) - target) <= TOLERANCE * target


def test_nothing_changes_where_no_size_is_asked_for(bench):
    assert matched(bench.recipe(), {"lr": 0.1}) == {"lr": 0.1}


def test_a_size_that_no_width_gives_is_not_applicable(bench):
    with pytest.raises(NotApplicable, match=r"Expected a width at which .* has 3 parameters"):
        matched(replace(bench.recipe(), target_params=3), {})
