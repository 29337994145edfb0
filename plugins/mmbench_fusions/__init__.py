"""First-party fusions."""

from __future__ import annotations

from mmbench import Choice, Float, Fusion, Int, hookimpl
from mmbench.search import Space

_DROPOUT: dict[str, Space] = {"dropout": Float(0.0, 0.5)}
_MLP: dict[str, Space] = {"hidden": Int(16, 128, log=True), **_DROPOUT}
_ATTENTION: dict[str, Space] = {"heads": Choice((1, 2, 4)), **_DROPOUT}
_SIZED: dict[str, Space] = {"size": Int(16, 64, log=True), **_ATTENTION}
_FACTOR = Float(0.01, 1.0, log=True)
_ANY_MODALITY = Int(0, 11)  # a place modulo the number of modalities: 12 is even for 2, 3, 4 and 6


@hookimpl
def mmbench_fusions() -> list[Fusion]:
    return [
        *_controls(),
        *_operators(),
        *_modulation(),
        *_tensors(),
        *_experts(),
        *_subspaces(),
        *_self_attention(),
        *_cross_attention(),
        *_decisions(),
        *_probabilistic_decisions(),
        *_raw_inputs(),
    ]


def _controls() -> list[Fusion]:
    return [
        Fusion(
            "prior",
            "mmbench_fusions.controls:Prior",
            level="none",
            role="prior",
            summary="What the training targets alone predict: class frequencies or the mean.",
        ),
        Fusion(
            "unimodal",
            "mmbench_fusions.controls:Unimodal",
            per_modality="alone",
            role="unimodal",
            summary="One modality alone, through the body of concat.",
            parameters=_MLP,
        ),
        Fusion(
            "shuffled",
            "mmbench_fusions.controls:Shuffled",
            per_modality="named",
            role="shuffled",
            summary="Concat with one modality exchanged between samples: is it used at all?",
            parameters=_MLP,
        ),
        Fusion(
            "concat",
            "mmbench_fusions.operators:Concat",
            role="default",
            summary="Multilayer perceptron on the concatenated features.",
            parameters=_MLP,
        ),
    ]


def _operators() -> list[Fusion]:
    return [
        Fusion(
            "sum",
            "mmbench_fusions.operators:Sum",
            summary="Sum of the features projected to one size.",
        ),
        Fusion(
            "mean",
            "mmbench_fusions.operators:Mean",
            summary="Mean of the features projected to one size, over present modalities.",
        ),
        Fusion(
            "max",
            "mmbench_fusions.operators:Max",
            summary="Elementwise maximum of the features projected to one size.",
        ),
        Fusion(
            "product",
            "mmbench_fusions.operators:Product",
            summary="Elementwise product of the features projected to one size.",
        ),
        Fusion(
            "weighted_mean",
            "mmbench_fusions.operators:WeightedMean",
            summary="Mean of the projected features with one learned weight per modality.",
        ),
        Fusion(
            "embrace",
            "mmbench_fusions.embrace:Embrace",
            summary="Each fused feature drawn from one present modality in training.",
            paper="Choi 2019, Information Fusion, arXiv:1904.09078",
            vectorises=False,
        ),
    ]


def _modulation() -> list[Fusion]:
    return [
        Fusion(
            "gated",
            "mmbench_fusions.operators:Gated",
            summary="Gated multimodal unit: each modality gated feature by feature by all.",
            paper="Arevalo 2017, ICLR workshop, arXiv:1702.01992",
        ),
        Fusion(
            "film",
            "mmbench_fusions.modulation:FiLM",
            summary="Feature-wise linear modulation, one modality conditioning the next.",
            paper="Perez 2018, AAAI, arXiv:1709.07871",
        ),
        Fusion(
            "se_gate",
            "mmbench_fusions.modulation:SqueezeGate",
            summary="Squeeze and excitation: each feature gated by a short summary of all (MMTM).",
            paper="Joze 2020, CVPR, arXiv:1911.08670",
            parameters={"reduction": Choice((2, 4, 8))},
        ),
        Fusion(
            "mag",
            "mmbench_fusions.modulation:MultimodalAdaptationGate",
            summary="A main modality, shifted by the others at most by a share of its length.",
            paper="Rahman 2020, ACL, arXiv:1908.05787",
            parameters={"main": _ANY_MODALITY, "beta": Float(0.1, 2.0), **_DROPOUT},
        ),
    ]


def _tensors() -> list[Fusion]:
    return [
        Fusion(
            "bilinear",
            "mmbench_fusions.tensors:Bilinear",
            summary="Multiplicative interactions of every pair of modalities.",
            paper="Jayakumar 2020, ICLR",
            parameters={"rank": Int(4, 32, log=True)},
        ),
        Fusion(
            "mutan",
            "mmbench_fusions.tensors:Mutan",
            summary="Tucker decomposition of the tensor of interactions.",
            paper="Ben-younes 2017, ICCV, arXiv:1705.06676",
            parameters={"size": Int(16, 64, log=True), "rank": Int(2, 8)},
        ),
        Fusion(
            "tensor_fusion",
            "mmbench_fusions.tensors:TensorFusion",
            summary="Outer product of all modalities, each with a constant one.",
            paper="Zadeh 2017, EMNLP, arXiv:1707.07250",
            parameters={"rank": Int(2, 16, log=True)},
        ),
        Fusion(
            "low_rank_tensor",
            "mmbench_fusions.tensors:LowRankTensor",
            summary="The outer product's linear map in factors, one per modality and rank.",
            paper="Liu 2018, ACL, arXiv:1806.00064",
            parameters={"rank": Int(1, 16, log=True)},
        ),
    ]


def _experts() -> list[Fusion]:
    mixture: dict[str, Space] = {"experts": Int(2, 8), "balance": Float(1e-3, 0.1, log=True)}
    return [
        Fusion(
            "mixture_of_experts",
            "mmbench_fusions.mixtures:MixtureOfExperts",
            summary="Perceptrons mixed by a learned gate, all of them for every sample.",
            paper="Jacobs 1991, Neural Computation, doi:10.1162/neco.1991.3.1.79",
            parameters={**mixture, **_MLP},
        ),
        Fusion(
            "top_k_mixture",
            "mmbench_fusions.mixtures:TopKMixture",
            summary="Perceptrons mixed by a learned gate, the few best for each sample.",
            paper="Shazeer 2017, ICLR, arXiv:1701.06538",
            parameters={**mixture, "chosen": Choice((1, 2)), **_MLP},
        ),
        Fusion(
            "interaction_experts",
            "mmbench_fusions.interaction_experts:InteractionExperts",
            summary="Experts of each modality's uniqueness, of synergy and of redundancy (I2MoE).",
            paper="Xin 2025, ICML, arXiv:2505.19190",
            parameters={"interaction": _FACTOR, **_MLP},
        ),
        Fusion(
            "missing_experts",
            "mmbench_fusions.missing_experts:MissingExperts",
            summary="Sparse experts, one per combination of present modalities (Flex-MoE).",
            paper="Yun 2024, NeurIPS, arXiv:2410.08245",
            parameters={
                "size": Int(8, 32, log=True),
                "hidden": Int(8, 32, log=True),
                "chosen": Choice((1, 2)),
                "routing": Float(1e-3, 0.1, log=True),
                **_DROPOUT,
            },
        ),
    ]


def _subspaces() -> list[Fusion]:
    return [
        Fusion(
            "product_of_experts",
            "mmbench_fusions.product_of_experts:ProductOfExperts",
            summary="Mean of the product of one Gaussian per modality and a prior (MVAE).",
            paper="Wu 2018, NeurIPS, arXiv:1802.05335",
            parameters={"beta": Float(1e-4, 0.1, log=True)},
        ),
        Fusion(
            "shared_private",
            "mmbench_fusions.shared_private:SharedPrivate",
            summary="Subspaces that modalities share and of their own, kept apart by losses (MISA).",
            paper="Hazarika 2020, ACM Multimedia, arXiv:2005.03545",
            parameters={
                "size": Int(16, 64, log=True),
                "similarity": _FACTOR,
                "difference": _FACTOR,
                "reconstruction": _FACTOR,
                **_DROPOUT,
            },
        ),
        Fusion(
            "cyclic_translation",
            "mmbench_fusions.cyclic_translation:CyclicTranslation",
            summary="A source modality translated to the others and back; needs the source alone (MCTN).",
            paper="Pham 2019, AAAI, arXiv:1812.07809",
            parameters={
                "source": _ANY_MODALITY,
                "forward_weight": _FACTOR,
                "cycle_weight": _FACTOR,
                **_MLP,
            },
        ),
    ]


def _self_attention() -> list[Fusion]:
    return [
        Fusion(
            "late_transformer",
            "mmbench_fusions.attention:LateTransformer",
            role="control",
            summary="Self-attention over one token per modality, read at a class token.",
            paper="Wild 2025, arXiv:2512.22991",
            parameters={"layers": Int(1, 2), **_ATTENTION},
        ),
        Fusion(
            "early_transformer",
            "mmbench_fusions.attention:EarlyTransformer",
            level="tokens",
            summary="Self-attention over all tokens of all modalities, read at a class token.",
            paper="Vaswani 2017, NeurIPS, arXiv:1706.03762",
            parameters={"layers": Int(1, 2), **_ATTENTION},
        ),
        Fusion(
            "aligned_average",
            "mmbench_fusions.aligned_average:AlignedAverage",
            level="tokens",
            summary="Weighted average of the sequences, token by token, at one length.",
            parameters={"length": Int(4, 16, log=True), **_MLP},
        ),
    ]


def _cross_attention() -> list[Fusion]:
    return [
        Fusion(
            "score_attention",
            "mmbench_fusions.score_attention:ScoreAttention",
            level="tokens",
            summary="Attention scores of each pair on their own, the contexts averaged.",
            paper="Vaswani 2017, NeurIPS, arXiv:1706.03762",
            parameters={"aggregate": Choice(("mean", "learned"))},
        ),
        Fusion(
            "cross_attention",
            "mmbench_fusions.cross_attention:CrossAttention",
            level="tokens",
            summary="A crossmodal transformer for every ordered pair of modalities (MulT).",
            paper="Tsai 2019, ACL, arXiv:1906.00295",
            parameters={"layers": Int(1, 2), **_SIZED},
        ),
        Fusion(
            "bottleneck",
            "mmbench_fusions.bottleneck:Bottleneck",
            level="tokens",
            summary="Self-attention within modalities, which meet in a few shared tokens (MBT).",
            paper="Nagrani 2021, NeurIPS, arXiv:2107.00135",
            parameters={"tokens": Int(1, 8, log=True), "layers": Int(2, 3), **_SIZED},
        ),
        Fusion(
            "perceiver",
            "mmbench_fusions.perceiver:Perceiver",
            level="tokens",
            summary="Learned latents attend to the tokens of all modalities.",
            paper="Jaegle 2021, ICML, arXiv:2103.03206",
            parameters={"latents": Int(4, 16, log=True), "layers": Int(1, 2), **_SIZED},
        ),
    ]


def _decisions() -> list[Fusion]:
    return [
        Fusion(
            "late_average",
            "mmbench_fusions.decisions:LateAverage",
            level="logits",
            summary="Mean of the present modalities' logits.",
        ),
        Fusion(
            "late_weighted",
            "mmbench_fusions.decisions:LateWeighted",
            level="logits",
            summary="Mean of the logits with one learned weight per modality.",
        ),
        Fusion(
            "stacking",
            "mmbench_fusions.decisions:Stacking",
            level="logits",
            summary="Multilayer perceptron on the modalities' logits.",
            paper="Wolpert 1992, Neural Networks, doi:10.1016/S0893-6080(05)80023-1",
            parameters=_MLP,
        ),
        Fusion(
            "majority_vote",
            "mmbench_fusions.decisions:MajorityVote",
            level="logits",
            tasks=("classification",),
            summary="The class most modalities vote for; probabilities decide ties.",
        ),
    ]


def _probabilistic_decisions() -> list[Fusion]:
    return [
        Fusion(
            "late_product",
            "mmbench_fusions.decisions:LateProduct",
            level="logits",
            tasks=("classification", "multilabel"),
            summary="Product of the modalities' probabilities, corrected for the prior.",
            paper="Kittler 1998, IEEE TPAMI, doi:10.1109/34.667881",
        ),
        Fusion(
            "quality_aware",
            "mmbench_fusions.quality_aware:QualityAware",
            level="logits",
            tasks=("classification",),
            summary="Sum of the logits, each weighted by its energy in that sample (QMF).",
            paper="Zhang 2023, ICML, arXiv:2306.02050",
        ),
        Fusion(
            "evidential",
            "mmbench_fusions.evidential:Evidential",
            level="logits",
            tasks=("classification",),
            summary="Opinions with evidence and doubt, joined by Dempster's rule (TMC).",
            paper="Han 2021, ICLR, arXiv:2102.02051",
            parameters={"divergence": _FACTOR},
        ),
    ]


def _raw_inputs() -> list[Fusion]:
    return [
        Fusion(
            "early_input",
            "mmbench_fusions.early_input:EarlyInput",
            level="input",
            summary="Series with one time base, joined channel by channel before one encoder.",
            parameters=_MLP,
        ),
    ]
