from __future__ import annotations

import pytest
import torch

from mmbench_fusions.bottleneck import Bottleneck


def influence(tokens, layers):
    """Size of the gradient of audio's class token with respect to (audio's, image's) tokens."""
    fusion = Bottleneck({"audio": 3, "image": 5}, 6, tokens=tokens, layers=layers).double().eval()
    x = {
        "audio": torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True),
        "image": torch.randn(2, 2, 5, dtype=torch.float64, requires_grad=True),
    }
    masks = {m: torch.ones(v.shape[:2], dtype=torch.bool) for m, v in x.items()}
    audio, _ = fusion.read(x, masks)
    (audio * torch.randn_like(audio)).sum().backward()
    return tuple(v.grad.abs().sum().item() for v in x.values())


@pytest.mark.parametrize("tokens", [1, 4])
def test_modalities_meet_in_the_shared_tokens(tokens):
    own, other = influence(tokens, layers=2)
    assert own > 0
    assert other > 0


def test_without_shared_tokens_they_do_not_meet():
    own, other = influence(tokens=0, layers=3)
    assert own > 0
    assert other == 0


def test_what_is_written_is_read_in_the_next_layer():
    assert influence(tokens=4, layers=1)[1] == 0


def test_one_layer_reads_class_tokens_of_the_present(spelling, sequences):
    fusion = Bottleneck(sequences.dims, 6, size=8, tokens=2, heads=1, layers=1).double().eval()
    shared = fusion.shared[0, 0].detach()
    output = sequences.run(fusion).fused
    for sample in range(4):
        classes = []
        for m, x in sequences.real(sample).items():
            place = list(sequences.dims).index(m)
            tokens = torch.from_numpy(spelling.linear(fusion.project.layers[place], x))
            joined = torch.cat([fusion.class_tokens[place, 0].detach(), tokens, shared])
            # Only this modality's group of the block is looked at.
            everywhere = joined.expand(3, 1, -1, -1)
            mask = torch.ones(everywhere.shape[:3], dtype=torch.bool)
            classes.append(fusion.blocks[0](everywhere, everywhere, mask)[place, 0, 0])
        mean = torch.stack(classes).mean(dim=0).detach().numpy()
        expected = spelling.linear(fusion.leave, spelling.layer_norm(mean))
        spelling.same(output[sample], expected)


def test_shared_tokens_are_the_mean_of_the_present_modalities():
    fusion = Bottleneck({"audio": 3, "image": 5}, 6, tokens=2, layers=2).double().eval()
    x = {"audio": torch.randn(2, 4, 3).double(), "image": torch.randn(2, 2, 5).double()}
    masks = {m: torch.ones(v.shape[:2], dtype=torch.bool) for m, v in x.items()}
    masks["image"] = torch.tensor([[True, True], [False, False]])
    both = fusion.read(x, masks)[0]
    without = {**masks, "image": torch.zeros(2, 2, dtype=torch.bool)}
    alone = fusion.read(x, without)[0]
    torch.testing.assert_close(both[1], alone[1])
    assert not torch.allclose(both[0], alone[0])
