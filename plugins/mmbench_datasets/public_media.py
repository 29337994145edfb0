"""Public datasets of pictures, clips and points in the formats they are published in."""

from __future__ import annotations

from mmbench import Choice, Dataset, Float, Int, Modality
from mmbench.search import Space

_PIXELS = Int(16, 256, log=True)
_LIMIT = Int(0, 1_000_000)
_SOUND: dict[str, Space] = {
    "rate": Int(8000, 48000),
    "seconds": Float(0.5, 30.0),
    "bands": Int(0, 128),
}


def media_datasets() -> list[Dataset]:
    return [*_clips(), *_pictures_and_words(), *_recordings()]


def _clips() -> list[Dataset]:
    """Sound and frames."""
    clips: dict[str, Space] = {
        "size": _PIXELS,
        "frames": Int(1, 32),
        **_SOUND,
        "limit": _LIMIT,
        "audio": Choice(("audio", "AudioWAV")),
        "visual": Choice(("visual", "Image-01-FPS")),
    }
    layout = (
        "train.csv, test.csv and optional val.csv with rows `id,label`; audio/{id}.wav, .flac or .pt; "
        "visual/{id}/ with frames"
    )
    return [
        Dataset(
            "cremad",
            "mmbench_datasets.formats.av_folders:read_cremad",
            task="classification",
            modalities={"audio": Modality("audio"), "video": Modality("video")},
            layout=layout,
            parameters={**clips, "actors": Choice((True, False))},
            requires=("soundfile",),
            embedded=False,
            summary="CREMA-D: six emotions from voice and face, split by actor.",
            licence="Open Database License",
            source="github.com/CheyneyComputerScience/CREMA-D",
            paper="Cao 2014, IEEE Transactions on Affective Computing 5(4)",
        ),
        Dataset(
            "kinetics_sounds",
            "mmbench_datasets.formats.av_folders:read_kinetics_sounds",
            task="classification",
            modalities={"audio": Modality("audio"), "video": Modality("video")},
            layout=layout,
            parameters=clips,
            requires=("soundfile",),
            embedded=False,
            summary="Kinetics-Sounds: actions that are seen and heard, in the published split.",
            licence="that of each video; annotations of Kinetics CC BY 4.0",
            source="the Kinetics dataset",
            paper="Arandjelovic 2017, ICCV, arXiv:1705.08168",
        ),
    ]


def _pictures_and_words() -> list[Dataset]:
    """A picture and what is said of it."""
    return [
        Dataset(
            "coco_captions",
            "mmbench_datasets.formats.coco:read",
            task="retrieval",
            modalities={"image": Modality("image"), "text": Modality("text")},
            gallery="image",
            layout=(
                "annotations/captions_{name}.json, one or more, and their pictures in {name}/, as "
                "train2017 and val2017"
            ),
            parameters={"size": _PIXELS, "captions": Int(0, 5), "limit": _LIMIT},
            embedded=False,
            summary="MS COCO: the picture that a caption describes.",
            licence="annotations CC BY 4.0; pictures under the terms of Flickr",
            source="cocodataset.org",
            paper="Chen 2015, arXiv:1504.00325",
        ),
        Dataset(
            "hateful_memes",
            "mmbench_datasets.formats.hateful_memes:read",
            task="classification",
            modalities={"image": Modality("image"), "text": Modality("text")},
            layout=(
                "train.jsonl, dev_seen.jsonl and test_seen.jsonl (or dev.jsonl, test.jsonl) with rows "
                "of id, img, text, label; the pictures in img/"
            ),
            parameters={"size": _PIXELS, "phase": Choice(("seen", "unseen"))},
            embedded=False,
            summary="Hateful Memes: whether a picture with its text is hateful.",
            licence="Hateful Memes dataset licence agreement, for research",
            source="Facebook AI, the Hateful Memes Challenge",
            paper="Kiela 2020, NeurIPS, arXiv:2005.04790",
        ),
        Dataset(
            "xray_reports",
            "mmbench_datasets.formats.reports_json:read",
            task="retrieval",
            modalities={"image": Modality("image"), "text": Modality("text")},
            gallery="text",
            layout=(
                "annotation.json with rows of id, report, image_path and split; the pictures in images/"
            ),
            parameters={"size": _PIXELS},
            embedded=False,
            summary="Chest X-rays with reports: the report of a picture.",
            licence="that of the collection",
            source="Indiana University or MIMIC-CXR, as prepared for report generation",
            paper="Demner-Fushman 2016, JAMIA 23(2); Chen 2020, EMNLP, arXiv:2010.16056",
        ),
    ]


def _recordings() -> list[Dataset]:
    """Features of videos, and drives."""
    return [
        Dataset(
            "thumos",
            "mmbench_datasets.formats.thumos:read",
            task="multilabel",
            modalities={"flow": Modality("sensor"), "rgb": Modality("sensor")},
            layout=(
                "annotations.json with the database of videos; rgb/{video}.npy and flow/{video}.npy, "
                "each (T, D)"
            ),
            parameters={
                "steps": Int(8, 512, log=True),
                "annotations": Choice(("annotations.json", "thumos14.json", "thumos_14.json")),
            },
            embedded=False,
            summary="THUMOS14: which actions a video shows, from features of its frames and its flow.",
            licence="that of the videos and of whoever made the features",
            source="crcv.ucf.edu/THUMOS14",
            paper="Jiang 2014, THUMOS Challenge: Action Recognition with a Large Number of Classes",
        ),
        Dataset(
            "nuscenes",
            "mmbench_datasets.formats.nuscenes:read",
            task="multilabel",
            modalities={
                "camera": Modality("image"),
                "lidar": Modality("sensor"),
                "radar": Modality("sensor"),
            },
            layout=(
                "{version}/ with sample, sample_data, calibrated_sensor, sensor, sample_annotation, "
                "instance and category .json; samples/ with camera pictures, radar .pcd and lidar .bin"
            ),
            parameters={
                "version": Choice(("v1.0-mini", "v1.0-trainval")),
                "camera": Choice(
                    (
                        "CAM_FRONT",
                        "CAM_FRONT_LEFT",
                        "CAM_FRONT_RIGHT",
                        "CAM_BACK",
                        "CAM_BACK_LEFT",
                        "CAM_BACK_RIGHT",
                    )
                ),
                "size": _PIXELS,
                "points": Int(32, 4096, log=True),
                "limit": _LIMIT,
            },
            embedded=False,
            summary="nuScenes: which kinds of objects are around, from camera, lidar and radars.",
            licence="CC BY-NC-SA 4.0",
            source="nuscenes.org",
            paper="Caesar 2020, CVPR, arXiv:1903.11027",
        ),
    ]
