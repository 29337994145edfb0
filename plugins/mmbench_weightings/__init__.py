"""First-party loss weightings."""

from __future__ import annotations

from mmbench import Choice, Float, Int, Weighting, hookimpl
from mmbench.search import Space

_MATCH: dict[str, Space] = {"match_norm": Choice((False, True))}


@hookimpl
def mmbench_weightings() -> list[Weighting]:
    return [*_tables(), *_scalar(), *_gradient(), *_rates(), *_gradients_of_modalities(), *_turns()]


def _tables() -> list[Weighting]:
    return [
        Weighting(
            "equal",
            "mmbench_weightings.equal:Equal",
            role="default",
            family="scalar",
            summary="Sum of the terms, each times its λ or w from the user's tables, or 1.",
        ),
        Weighting(
            "fixed",
            "mmbench_weightings.fixed:Fixed",
            family="scalar",
            summary="One weight per kind of term; the user's tables where they speak.",
            # Only ratios matter to the search, and auxiliary losses carry their published weights.
            parameters={
                "joint": Float(1.0, 1.0),
                "uni": Float(0.01, 1.0, log=True),
                "align": Float(0.01, 1.0, log=True),
                "aux": Float(1.0, 1.0),
            },
        ),
    ]


def _scalar() -> list[Weighting]:
    """One factor on each loss, and one backward pass."""
    return [
        Weighting(
            "uncertainty",
            "mmbench_weightings.uncertainty:Uncertainty",
            family="scalar",
            summary="Weights learned as the terms' homoscedastic uncertainty.",
            paper="Kendall 2018, CVPR, arXiv:1705.07115",
        ),
        Weighting(
            "random",
            "mmbench_weightings.random:Random",
            family="scalar",
            summary="Weights drawn anew for every batch: softmax of normal numbers.",
            paper="Lin 2022, TMLR, arXiv:2111.10603",
        ),
        Weighting(
            "geometric",
            "mmbench_weightings.geometric:Geometric",
            family="scalar",
            summary="The geometric mean of the terms.",
            paper="Chennupati 2019, CVPR Workshops, arXiv:1904.08492",
        ),
        Weighting(
            "imtl_l",
            "mmbench_weightings.imtl_l:IMTLL",
            family="scalar",
            summary="Scales learned so that all terms weigh the same.",
            paper="Liu 2021, ICLR",
        ),
        Weighting(
            "dwa",
            "mmbench_weightings.dwa:DWA",
            family="scalar",
            summary="More weight for the terms that fall slowly from epoch to epoch.",
            paper="Liu 2019, CVPR, arXiv:1803.10704",
            parameters={"temperature": Float(0.5, 5.0, log=True)},
        ),
        Weighting(
            "stch",
            "mmbench_weightings.stch:STCH",
            family="scalar",
            summary="Smooth Tchebycheff: the smooth worst of the terms, in units of their first epoch.",
            paper="Lin 2024, ICML, arXiv:2402.19078",
            parameters={"mu": Float(0.01, 1.0, log=True)},
        ),
        Weighting(
            "famo",
            "mmbench_weightings.famo:FAMO",
            family="scalar",
            summary="Weights learned so that the logarithms of all terms fall at one rate.",
            paper="Liu 2023, NeurIPS, arXiv:2306.03792",
            parameters={
                "lr": Float(0.005, 0.1, log=True),
                "decay": Float(1e-5, 1e-2, log=True),
            },
        ),
    ]


def _rates() -> list[Weighting]:
    """Against modalities that learn at different speeds: by their scores, features or rates."""
    return [
        Weighting(
            "ogm_ge",
            "mmbench_weightings.ogm_ge:OGMGE",
            needs=("uni",),
            family="balance",
            summary="Slows the encoder of the dominant modality and adds noise to the gradients of all.",
            paper="Peng 2022, CVPR, arXiv:2203.15332",
            parameters={"alpha": Float(0.1, 0.8)},
        ),
        Weighting(
            "agm",
            "mmbench_weightings.agm:AGM",
            needs=("uni",),
            family="balance",
            summary="Scales encoders' gradients by how far a modality is from its usual share.",
            paper="Li 2023, ICCV, arXiv:2308.07686",
            parameters={"alpha": Float(0.1, 1.0), "cap": Float(1.0, 10.0)},
        ),
        Weighting(
            "opm",
            "mmbench_weightings.opm:OPM",
            needs=("uni",),
            family="balance",
            summary="Drops the dominant modality from some samples, the more it dominates.",
            paper="Wei 2024, TPAMI, arXiv:2410.11582",
            parameters={
                "base": Float(0.1, 0.6),
                "slope": Float(0.0, 1.0),
                "share": Float(0.3, 1.0),
            },
        ),
        Weighting(
            "mslr",
            "mmbench_weightings.mslr:MSLR",
            needs=("uni",),
            family="balance",
            summary="Each modality learns at the rate that suits its progress, or it alone.",
            paper="Yao 2022, Findings of ACL, doi:10.18653/v1/2022.findings-acl.143",
            parameters={"spread": Float(1.0, 10.0, log=True), "window": Int(0, 8)},
        ),
        Weighting(
            "mmcosine",
            "mmbench_weightings.mmcosine:MMCosine",
            needs=("uni",),
            family="balance",
            summary="Adds a joint loss of cosines, so that no modality wins by its norm.",
            paper="Xu 2023, ICASSP, arXiv:2303.05338",
            parameters={"scale": Float(5.0, 30.0, log=True)},
        ),
        Weighting(
            "pmr",
            "mmbench_weightings.pmr:PMR",
            needs=("uni",),
            family="balance",
            summary="Pulls the weaker modality's features to the prototypes of their classes.",
            paper="Fan 2023, CVPR, arXiv:2211.07089",
            parameters={"alpha": Float(0.1, 2.0, log=True), "momentum": Float(0.0, 0.9)},
        ),
        Weighting(
            "unimodal_teacher",
            "mmbench_weightings.unimodal_teacher:UnimodalTeacher",
            needs=("uni",),
            family="balance",
            summary="Features are pulled to those of frozen teachers, each trained on one modality.",
            paper="Du 2021, arXiv:2106.11059",
            parameters={"weight": Float(1.0, 100.0, log=True)},
        ),
    ]


def _gradients_of_modalities() -> list[Weighting]:
    """Against modalities that learn at different speeds: by what each loss does to each encoder."""
    return [
        Weighting(
            "gradient_blending",
            "mmbench_weightings.gradient_blending:GradientBlending",
            needs=("uni",),
            family="balance",
            summary="Weights by how much each loss generalised and how little it overfitted.",
            paper="Wang 2020, CVPR, arXiv:1905.12681",
            parameters={"super_epoch": Int(1, 5)},
        ),
        Weighting(
            "mmpareto",
            "mmbench_weightings.mmpareto:MMPareto",
            needs=("uni",),
            family="balance",
            summary="Joint and unimodal gradient of an encoder, at the min-norm point where they conflict.",
            paper="Wei and Hu 2024, ICML, arXiv:2405.17730",
        ),
        Weighting(
            "cggm",
            "mmbench_weightings.cggm:CGGM",
            needs=("uni",),
            family="balance",
            summary="Encoders are slowed by what their own classifier gained; directions are aligned.",
            paper="Guo 2024, NeurIPS, arXiv:2411.01409",
            parameters={"direction": Float(0.01, 1.0, log=True)},
        ),
        Weighting(
            "gradient_similarity",
            "mmbench_weightings.gradient_similarity:GradientSimilarity",
            needs=("uni",),
            family="balance",
            summary="λ_i and w_ij learned as the cosine between each loss's gradient and the joint loss's.",
            paper="Du 2018, arXiv:1812.02224",
            parameters={"smoothing": Float(0.0, 0.99)},
        ),
    ]


def _turns() -> list[Weighting]:
    """Modalities that train by turns."""
    return [
        Weighting(
            "mla",
            "mmbench_weightings.mla:MLA",
            needs=("uni",),
            family="balance",
            summary="Modalities train by turns with one head, whose gradient is projected off the others.",
            paper="Zhang 2024, CVPR, arXiv:2311.10707",
        ),
        Weighting(
            "reconboost",
            "mmbench_weightings.reconboost:ReconBoost",
            needs=("uni",),
            family="balance",
            summary="Modalities train by turns on what the others do not know; then all together.",
            paper="Hua 2024, ICML, arXiv:2405.09321",
            parameters={"reconcilement": Float(0.0, 1.0), "consolidation": Float(0.0, 1.0)},
        ),
    ]


def _gradient() -> list[Weighting]:
    """The gradients of all terms on each group of parameters, aggregated: a backward pass a term."""
    return [
        Weighting(
            "gradnorm",
            "mmbench_weightings.gradnorm:GradNorm",
            family="gradient",
            summary="Weights learned so that each gradient has the length that its loss's training rate asks for.",
            paper="Chen 2018, ICML, arXiv:1711.02257",
            parameters={"alpha": Float(0.5, 3.0), "rate": Float(0.005, 0.1, log=True)},
        ),
        Weighting(
            "mgda",
            "mmbench_weightings.mgda:MGDA",
            family="gradient",
            summary="The shortest convex combination of the gradients.",
            paper="Sener 2018, NeurIPS, arXiv:1810.04650",
            parameters=_MATCH,
        ),
        Weighting(
            "pcgrad",
            "mmbench_weightings.pcgrad:PCGrad",
            family="gradient",
            summary="The sum of gradients that lose their part against each gradient they conflict with.",
            paper="Yu 2020, NeurIPS, arXiv:2001.06782",
            parameters=_MATCH,
        ),
        Weighting(
            "graddrop",
            "mmbench_weightings.graddrop:GradDrop",
            family="gradient",
            summary="One sign of the gradients a coordinate, drawn by its share.",
            paper="Chen 2020, NeurIPS, arXiv:2010.06808",
            parameters={"leak": Float(0.0, 0.9), **_MATCH},
        ),
        Weighting(
            "imtl_g",
            "mmbench_weightings.imtl_g:IMTLG",
            family="gradient",
            summary="The combination of gradients with equal projections on all of them.",
            paper="Liu 2021, ICLR",
            parameters=_MATCH,
        ),
        Weighting(
            "cagrad",
            "mmbench_weightings.cagrad:CAGrad",
            family="gradient",
            summary="The update near the mean gradient that improves the worst loss most.",
            paper="Liu 2021, NeurIPS, arXiv:2110.14048",
            parameters={"c": Float(0.1, 0.9), **_MATCH},
        ),
        Weighting(
            "nash_mtl",
            "mmbench_weightings.nash_mtl:NashMTL",
            family="gradient",
            summary="The Nash bargaining solution between the gradients, solved exactly.",
            paper="Navon 2022, ICML, arXiv:2202.01017",
            parameters=_MATCH,
        ),
        Weighting(
            "aligned_mtl",
            "mmbench_weightings.aligned_mtl:AlignedMTL",
            family="gradient",
            summary="Gradients turned orthogonal and equally long, at the least change.",
            paper="Senushkin 2023, CVPR",
            parameters=_MATCH,
        ),
        Weighting(
            "fairgrad",
            "mmbench_weightings.fairgrad:FairGrad",
            family="gradient",
            summary="α-fair shares of progress between the losses.",
            paper="Ban 2024, ICML, arXiv:2402.15638",
            parameters={"alpha": Float(0.5, 4.0, log=True), **_MATCH},
        ),
        Weighting(
            "upgrad",
            "mmbench_weightings.upgrad:UPGrad",
            family="gradient",
            summary="The mean of the gradients, each projected to where no loss rises.",
            paper="Quinton 2024, arXiv:2406.16232",
            parameters=_MATCH,
        ),
        Weighting(
            "config",
            "mmbench_weightings.config:ConFIG",
            family="gradient",
            summary="The direction at one angle to all gradients, as long as their projections on it.",
            paper="Liu 2024, arXiv:2408.11104",
            parameters=_MATCH,
        ),
        Weighting(
            "db_mtl",
            "mmbench_weightings.db_mtl:DBMTL",
            family="gradient",
            summary="Averaged gradients of the log losses, each as long as the longest.",
            paper="Lin 2023, arXiv:2308.12029",
            parameters={"beta": Float(0.0, 0.95), **_MATCH},
        ),
    ]
