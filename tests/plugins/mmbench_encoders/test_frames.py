from __future__ import annotations

import torch

from mmbench.data.preparation import InputSpec
from mmbench_encoders.frames import FramesEncoder


def encoder():
    torch.manual_seed(0)
    return FramesEncoder(InputSpec((4, 3, 16, 16)), 6, channels=4).eval()


def test_a_token_is_its_frame_whatever_the_others_show():
    module, video = encoder(), torch.randn(2, 4, 3, 16, 16)
    tokens, mask = module(video)
    assert tokens.shape == (2, 4, 6)
    assert mask.all()
    other = video.clone()
    other[:, 1] = 0
    changed, _ = module(other)
    assert torch.allclose(changed[:, [0, 2, 3]], tokens[:, [0, 2, 3]], atol=1e-6)
    alone, _ = module.frame(video[:, 2])
    assert torch.allclose(tokens[:, 2], alone.mean(dim=1), atol=1e-6)


def test_frames_behind_the_end_are_zeros():
    mask = torch.tensor([[True, True, False, False]])
    tokens, found = encoder()(torch.randn(1, 4, 3, 16, 16), mask)
    assert torch.equal(found, mask)
    assert (tokens[0, 2:] == 0).all()
