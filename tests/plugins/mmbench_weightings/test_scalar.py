from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench.errors import NonFiniteError, NotApplicable
from mmbench_weightings.scalar import Scalar, require_not_negative

TERMS = (Term("joint"), Term("uni:image", 0.5), Term("uni:text", 0.0))


class Doubled(Scalar):
    def factors(self, losses):
        return 2 * losses


def test_factors_multiply_the_kept_losses_and_carry_no_gradient():
    weighting = Doubled(TERMS)
    joint, image = torch.tensor(3.0, requires_grad=True), torch.tensor(4.0, requires_grad=True)
    total = weighting({"joint": joint, "uni:image": image, "uni:text": torch.tensor(torch.nan)})
    total.backward()
    assert total.item() == 2 * 3.0**2 + 2 * (0.5 * 4.0) ** 2
    assert joint.grad.item() == 2 * 3.0
    assert image.grad.item() == 2 * (0.5 * 4.0) * 0.5
    assert weighting.weights() == {"joint": 6.0, "uni:image": 2.0, "uni:text": 0.0}


def test_a_zero_that_was_rounded_is_put_back_and_a_negative_loss_is_named():
    names = ["joint", "align:a->b"]
    losses = require_not_negative("it", torch.tensor([2.0, -1e-7]), names)
    assert losses.tolist() == [2.0, 0.0]
    with pytest.raises(NotApplicable, match="Found align:a->b = -3"):
        require_not_negative("it", torch.tensor([2.0, -3.0]), names)
    with pytest.raises(NonFiniteError, match="Found joint = nan"):
        require_not_negative("it", torch.tensor([torch.nan, -3.0]), names)
