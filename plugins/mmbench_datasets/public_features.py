"""Public datasets of features, tables and screens in the formats they are published in."""

from __future__ import annotations

from mmbench import Choice, Dataset, Int, Modality

_SERIES = {"audio": Modality("audio"), "text": Modality("sensor"), "vision": Modality("sensor")}
_WORDS = {"audio": Modality("audio"), "raw_text": Modality("text"), "vision": Modality("sensor")}
_ADMISSION = {"series": Modality("sensor"), "static": Modality("tabular")}
_SIZE = {"size": Int(28, 128, log=True)}
_MOSI = "Zadeh 2016, IEEE Intelligent Systems 31(6), arXiv:1606.06259"
_MOSEI = "Zadeh 2018, ACL, doi:10.18653/v1/P18-1208"


def feature_datasets() -> list[Dataset]:
    return [_av_mnist(), *_affect(), *_mmsa(), *_mmimdb(), *_mimic(), _enrico()]


def _av_mnist() -> Dataset:
    return Dataset(
        "av_mnist",
        "mmbench_datasets.formats.av_mnist:read",
        task="classification",
        modalities={"audio": Modality("audio"), "image": Modality("image")},
        layout="image/{train,test}_data.npy (N, 784), audio/{train,test}_data.npy (N, 112, 112), "
        "{train,test}_labels.npy (N,)",
        embedded=False,
        parameters={"size": Int(14, 112, log=True)},
        summary="AV-MNIST: digits from a poor image and from the spectrogram of a spoken one.",
        licence="not stated by its makers",
        source="AV-MNIST through MultiBench, github.com/pliang279/MultiBench",
        paper="Vielzeuf 2018, ECCV Workshops, arXiv:1808.07275",
    )


def _affect() -> list[Dataset]:
    corpora = {
        "mosi_raw": ("CMU-MOSI: sentiment from words, voice and face, word by word.", _MOSI),
        "mosi_data": ("CMU-MOSI with the features of the multimodal transformer.", _MOSI),
        "mosei_raw": ("CMU-MOSEI: sentiment from words, voice and face, word by word.", _MOSEI),
        "mosei_senti_data": ("CMU-MOSEI with the features of the multimodal transformer.", _MOSEI),
        "sarcasm": (
            "MUStARD: sarcastic or not, word by word.",
            "Castro 2019, ACL, arXiv:1906.01815",
        ),
        "humor": (
            "UR-FUNNY: humorous or not, word by word.",
            "Hasan 2019, EMNLP, arXiv:1904.06618",
        ),
    }
    return [
        Dataset(
            name,
            f"mmbench_datasets.formats.affect:{name}",
            task="classification" if name in ("sarcasm", "humor") else "regression",
            modalities=_SERIES,
            layout=f"{name}.pkl, {{train, valid, test: {{vision, audio, text, labels, id}}}}; "
            "the root may be the file itself",
            embedded=False,
            summary=summary,
            licence="as the corpus's authors grant it",
            source=f"{summary.partition(' ')[0].rstrip(':')} through MultiBench, "
            "github.com/pliang279/MultiBench",
            paper=paper,
        )
        for name, (summary, paper) in corpora.items()
    ]


def _mmsa() -> list[Dataset]:
    corpora = {
        "mosi": ("CMU-MOSI", "mosi", "aligned_50.pkl", _MOSI),
        "mosei": ("CMU-MOSEI", "mosi", "aligned_50.pkl", _MOSEI),
        "sims": ("CH-SIMS", "sims", "unaligned_39.pkl", "Yu 2020, ACL"),
    }
    forms = {
        "": ("sentiment", _SERIES, "sentiment from text, voice and face."),
        "_words": ("sentiment", _WORDS, "sentiment, with the words themselves."),
        "_classes": ("classes", _SERIES, "negative, neutral or positive."),
    }
    judged = {"judged": Choice(("", "text", "audio", "vision"))}
    return [
        Dataset(
            f"mmsa_{corpus}{form}",
            f"mmbench_datasets.formats.mmsa:{family}_{kind}",
            task="classification" if kind == "classes" else "regression",
            modalities=modalities,
            layout=f"{file}, {{train, valid, test: {{text, audio, vision, raw_text, id, …}}}}; "
            "the root may be the file itself, or another of MMSA's",
            embedded=False,
            parameters=judged if (family, kind) == ("sims", "sentiment") else {},
            summary=f"{title} with MMSA's features: {what}",
            licence="as the corpus's authors grant it",
            source=f"{title} through MMSA, github.com/thuiar/MMSA",
            paper=paper,
        )
        for corpus, (title, family, file, paper) in corpora.items()
        for form, (kind, modalities, what) in forms.items()
    ]


def _mmimdb() -> list[Dataset]:
    forms = {
        "mmimdb": (
            "read",
            "vgg_features (N, 4096)",
            Modality("tabular"),
            "features of its poster.",
        ),
        "mmimdb_images": ("read_images", "images (N, 3, H, W)", Modality("image"), "its poster."),
    }
    return [
        Dataset(
            name,
            f"mmbench_datasets.formats.mmimdb:{target}",
            task="multilabel",
            modalities={"image": seen, "text": Modality("tabular")},
            layout=f"multimodal_imdb.hdf5 with features (N, 300), {image}, genres (N, 23), "
            "imdb_ids (N,); the root may be the file itself",
            embedded=False,
            requires=("h5py",),
            parameters=_SIZE if seen.kind == "image" else {},
            summary=f"MM-IMDb: 23 genres of a film from features of its plot and {what}",
            licence="not stated by its makers",
            source="MM-IMDb, github.com/johnarevalo/gmu-mmimdb",
            paper="Arevalo 2017, ICLR Workshop, arXiv:1702.01992",
        )
        for name, (target, image, seen, what) in forms.items()
    ]


def _mimic() -> list[Dataset]:
    tasks = {
        "mortality": ("adm_labels_all (N, 6)", "when somebody dies, if ever."),
        "icd9": ("y_icd9 (N, 20)", "groups of diagnoses."),
        "icd9_group": ("y_icd9 (N, 20)", "one group of diagnoses."),
    }
    return [
        Dataset(
            f"mimic_{name}",
            f"mmbench_datasets.formats.mimic:{name}",
            task="multilabel" if name == "icd9" else "classification",
            modalities=_ADMISSION,
            layout=f"im.pk with ep_tdata (N, 24, 12), adm_features_all (N, 5), {labels}; "
            "the root may be the file itself",
            embedded=False,
            parameters={"group": Int(0, 19)} if name == "icd9_group" else {},
            summary=f"MIMIC-III, first 24 hours in intensive care: {what}",
            licence="PhysioNet Credentialed Health Data License 1.5.0",
            source="MIMIC-III, physionet.org/content/mimiciii",
            paper="Johnson 2016, Scientific Data 3, doi:10.1038/sdata.2016.35",
        )
        for name, (labels, what) in tasks.items()
    ]


def _enrico() -> Dataset:
    return Dataset(
        "enrico",
        "mmbench_datasets.formats.enrico:read",
        task="classification",
        modalities={"screenshot": Modality("image"), "wireframe": Modality("image")},
        layout="design_topics.csv (screen_id,topic), screenshots/{screen_id}.jpg, "
        "wireframes/{screen_id}.png",
        embedded=False,
        parameters=_SIZE,
        summary="Enrico: 20 topics of a mobile screen from its picture and its wireframe.",
        licence="MIT",
        source="Enrico, github.com/luileito/enrico",
        paper="Leiva 2020, MobileHCI Adjunct",
    )
