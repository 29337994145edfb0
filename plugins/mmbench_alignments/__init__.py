"""First-party cross-modal losses."""

from __future__ import annotations

from mmbench import Alignment, Float, Int, hookimpl
from mmbench.search import Space

_DIM: dict[str, Space] = {"dim": Int(16, 64, log=True)}
_TEMPERATURE: dict[str, Space] = {"temperature": Float(0.05, 0.5, log=True)}


@hookimpl
def mmbench_alignments() -> list[Alignment]:
    return [*_contrastive(), *_correlations(), *_distances(), *_distributions(), *_factors()]


def _contrastive() -> list[Alignment]:
    return [
        Alignment(
            "infonce",
            "mmbench_alignments.infonce:InfoNCE",
            role="default",
            summary="Symmetric cross-entropy that finds each sample's other modality in the batch.",
            paper="Radford 2021, ICML, arXiv:2103.00020; van den Oord 2018, arXiv:1807.03748",
            parameters=_DIM,
        ),
        Alignment(
            "siglip",
            "mmbench_alignments.siglip:SigLIP",
            summary="Every pair of the batch judged by itself: of one sample or not.",
            paper="Zhai 2023, ICCV, arXiv:2303.15343",
            parameters=_DIM,
        ),
        Alignment(
            "supcon",
            "mmbench_alignments.supcon:SupCon",
            summary="InfoNCE in which all samples of one target belong together.",
            paper="Khosla 2020, NeurIPS, arXiv:2004.11362",
            parameters={**_DIM, **_TEMPERATURE},
        ),
    ]


def _correlations() -> list[Alignment]:
    return [
        Alignment(
            "dcca",
            "mmbench_alignments.dcca:DCCA",
            summary="Minus the sum of the canonical correlations; negative by nature.",
            paper="Andrew 2013, ICML",
            parameters={"dim": Int(4, 32, log=True), "ridge": Float(1e-4, 1e-1, log=True)},
        ),
        Alignment(
            "barlow",
            "mmbench_alignments.barlow:BarlowTwins",
            summary="Correlations between components of the two modalities, towards the identity.",
            paper="Zbontar 2021, ICML, arXiv:2103.03230",
            parameters={**_DIM, "redundancy": Float(1e-3, 1e-1, log=True)},
        ),
        Alignment(
            "vicreg",
            "mmbench_alignments.vicreg:VICReg",
            summary="Squared difference, with variance kept up and covariance kept down.",
            paper="Bardes 2022, ICLR, arXiv:2105.04906",
            parameters={
                **_DIM,
                "invariance": Float(1.0, 50.0, log=True),
                "variance": Float(1.0, 50.0, log=True),
                "covariance": Float(0.1, 10.0, log=True),
            },
        ),
    ]


def _distances() -> list[Alignment]:
    return [
        Alignment(
            "cosine",
            "mmbench_alignments.distances:CosineDistance",
            summary="One minus the cosine of the projected features.",
            parameters=_DIM,
        ),
        Alignment(
            "mse",
            "mmbench_alignments.distances:SquaredDistance",
            summary="Mean squared difference of the projected features.",
            parameters=_DIM,
        ),
        Alignment(
            "translation",
            "mmbench_alignments.translation:Translation",
            summary="One modality's feature predicted from the other's, and back again.",
            paper="Pham 2019, AAAI, arXiv:1812.07809",
            parameters={
                "hidden": Int(16, 128, log=True),
                "forward_weight": Float(1e-3, 1.0, log=True),
                "cycle_weight": Float(1e-3, 1.0, log=True),
            },
        ),
    ]


def _distributions() -> list[Alignment]:
    return [
        Alignment(
            "jsd",
            "mmbench_alignments.jsd:JensenShannon",
            summary="Jensen-Shannon divergence of the modalities' predictions, or of their features.",
            paper="Lin 1991, IEEE Transactions on Information Theory",
        ),
        Alignment(
            "cmd",
            "mmbench_alignments.cmd:CentralMoments",
            summary="Distances of the means and of the central moments, up to the fifth.",
            paper="Zellinger 2017, ICLR, arXiv:1702.08811",
            parameters={**_DIM, "moments": Int(2, 5)},
        ),
        Alignment(
            "mmd",
            "mmbench_alignments.mmd:MaximumMeanDiscrepancy",
            summary="Maximum mean discrepancy under five Gaussian kernels.",
            paper="Gretton 2012, JMLR; Long 2015, ICML, arXiv:1502.02791",
            parameters=_DIM,
        ),
        Alignment(
            "coral",
            "mmbench_alignments.coral:CORAL",
            summary="Squared distance of the two covariance matrices.",
            paper="Sun 2016, ECCV Workshops, arXiv:1607.01719",
            parameters=_DIM,
        ),
    ]


def _factors() -> list[Alignment]:
    return [
        Alignment(
            "orthogonality",
            "mmbench_alignments.orthogonality:Orthogonality",
            summary="Keeps modalities from saying the same: squared products of their directions.",
            paper="Hazarika 2020, ACM Multimedia, arXiv:2005.03545",
            parameters={"weight": Float(0.03, 3.0, log=True)},
        ),
        Alignment(
            "factorised_contrastive",
            "mmbench_alignments.factorised_contrastive:FactorisedContrastive",
            summary="Information about the targets, parted into what is shared and what is unique.",
            paper="Liang 2023, NeurIPS, arXiv:2306.05268",
            parameters={**_DIM, **_TEMPERATURE},
        ),
    ]
