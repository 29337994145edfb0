"""The registrations of generated datasets, and of spoken prompts."""

from __future__ import annotations

from mmbench import Choice, Dataset, Float, Int, Modality
from mmbench_datasets.files import files

__all__ = ["generated_datasets"]

_SEED, _COUNT = Int(0, 2**31 - 1), Int(200, 10_000, log=True)


def generated_datasets() -> list[Dataset]:
    return [
        *_interactions(),
        *_road(),
        *_imbalance(),
        *_missing(),
        *_prompts(),
        _av_digits(),
    ]


def _interactions() -> list[Dataset]:
    summaries = {
        "mixed": "One bit each of redundancy, uniqueness of either modality, and synergy; 16 classes.",
        "redundancy": "Both modalities show the class: either suffices.",
        "synergy": "The class is a sum modulo 4 of two latents: each modality alone is at chance.",
        "unique": "Each modality shows its own half of the class: decisions add up.",
    }
    return [
        Dataset(
            f"interactions_{name}",
            f"mmbench_datasets.interactions:load_{name}",
            task="classification",
            modalities={"a": Modality("tabular"), "b": Modality("tabular")},
            summary=summary,
            licence="Apache-2.0",
            source="generated, with known partial information decomposition",
            paper="after Liang 2023, NeurIPS, arXiv:2302.12247",
            parameters={"seed": _SEED, "n": _COUNT, "noise": Float(0.0, 1.0)},
            embedded=name == "mixed",
        )
        for name, summary in summaries.items()
    ]


def _road() -> list[Dataset]:
    modalities = {
        "camera": Modality("image"),
        "lidar": Modality("sensor"),
        "radar": Modality("image"),
    }
    source = "generated: simulated road scenes in four kinds of weather"
    return [
        Dataset(
            "road_brake",
            "mmbench_datasets.road:load_brake",
            task="classification",
            modalities=modalities,
            embedded=False,
            summary="Brake or go, from camera, radar and lidar of one road scene in any weather.",
            licence="Apache-2.0",
            source=source,
            parameters={"seed": _SEED, "n": _COUNT},
        ),
        Dataset(
            "road_collision",
            "mmbench_datasets.road:load_collision",
            task="regression",
            modalities=modalities,
            summary="Seconds to collision, at most 8, of the same scenes.",
            licence="Apache-2.0",
            source=source,
            parameters={"seed": _SEED, "n": _COUNT},
            embedded=False,
        ),
    ]


def _imbalance() -> list[Dataset]:
    return [
        Dataset(
            "modality_imbalance",
            "mmbench_datasets.imbalance:load_modalities",
            task="classification",
            modalities={"fast": Modality("tabular"), "slow": Modality("tabular")},
            summary="A modality that is learned at once starves one that is better and slower.",
            licence="Apache-2.0",
            source="generated",
            paper="after Huang 2022, ICML, arXiv:2203.12221",
            parameters={
                "seed": _SEED,
                "n": _COUNT,
                "shown": Float(0.0, 1.0),
                "noise": Float(0.0, 1.0),
            },
        ),
        Dataset(
            "imbalanced_classes",
            "mmbench_datasets.imbalance:load_classes",
            task="classification",
            modalities={"common": Modality("tabular"), "scarce": Modality("tabular")},
            summary="Six long-tailed classes; the better modality is there in a fifth of the samples.",
            licence="Apache-2.0",
            source="generated",
            paper="tail after Cui 2019, CVPR, arXiv:1901.05555",
            parameters={
                "seed": _SEED,
                "n": _COUNT,
                "ratio": Float(1.0, 100.0, log=True),
                "share": Float(0.0, 1.0),
            },
            embedded=False,
        ),
    ]


def _missing() -> list[Dataset]:
    summaries = {
        "mcar": "Two of three modalities absent completely at random, in training and test.",
        "mar": "Two of three modalities absent where the third, which is seen, is high.",
        "mnar": "Two of three modalities absent where they themselves, unseen, are high.",
    }
    return [
        Dataset(
            f"missing_{name}",
            f"mmbench_datasets.missing:load_{name}",
            task="classification",
            modalities={name: Modality("tabular") for name in ("a", "b", "c")},
            summary=summary,
            licence="Apache-2.0",
            source="generated",
            paper="mechanisms of Rubin 1976, Biometrika 63(3), doi:10.1093/biomet/63.3.581",
            parameters={"seed": _SEED, "n": _COUNT, "rate": Float(0.0, 0.9)},
            embedded=False,
        )
        for name, summary in summaries.items()
    ]


def _prompts() -> list[Dataset]:
    modalities = {"speech": Modality("audio"), "text": Modality("text")}
    return [
        Dataset(
            "prompts_retrieval",
            "mmbench_datasets.prompts:load_retrieval",
            task="retrieval",
            gallery="speech",
            modalities=modalities,
            files=files("prompts.csv", "prompts.ogg"),
            summary="Telephone prompts of one voice: the speech is found by its text.",
            licence="CC BY-SA 3.0",
            source="Debian asterisk-core-sounds-en 1.6.1",
            parameters={"features": Choice(("log_mel", "waveform"))},
            requires=("soundfile",),
            embedded=False,
        ),
        Dataset(
            "prompts_topic",
            "mmbench_datasets.prompts:load_topic",
            task="classification",
            modalities=modalities,
            files=files("prompts.csv", "prompts.ogg"),
            summary="Five topics of a telephone prompt from how it sounds and what it says.",
            licence="CC BY-SA 3.0",
            source="Debian asterisk-core-sounds-en 1.6.1",
            parameters={"features": Choice(("log_mel", "waveform"))},
            requires=("soundfile",),
            embedded=False,
        ),
    ]


def _av_digits() -> Dataset:
    return Dataset(
        "av_digits",
        "mmbench_datasets.av_digits:load",
        task="classification",
        modalities={"image": Modality("image"), "speech": Modality("audio")},
        summary="Handwritten digits with synthetic speech of the same digit, both noisy.",
        licence="images CC BY 4.0; speech is made by eSpeak NG (GPL-3.0), which does not ship",
        source="scikit-learn's digits (UCI Optical Recognition); espeakng-loader 0.2.4",
        paper="after Vielzeuf 2018, ECCV workshops, arXiv:1808.07275",
        parameters={"seed": _SEED, "blur": Float(0.0, 16.0), "noise": Float(0.0, 2.0)},
        requires=("espeakng_loader",),
        embedded=False,
    )
