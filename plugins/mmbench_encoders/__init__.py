"""First-party encoders from raw modality to tokens."""

from __future__ import annotations

from typing import Any

from mmbench import Choice, Encoder, Float, Int, Open, hookimpl

_DROPOUT = Float(0.0, 0.5)


@hookimpl
def mmbench_encoders() -> list[Encoder]:
    return [
        Encoder(
            "mlp",
            "mmbench_encoders.mlp:MLPEncoder",
            kinds=("tabular", "omics"),
            default_for=("tabular", "omics"),
            summary="Multilayer perceptron with layer normalisation; one token.",
            parameters={
                "hidden": Int(16, 128, log=True),
                "layers": Int(1, 2),
                "dropout": _DROPOUT,
            },
        ),
        Encoder(
            "conv1d",
            "mmbench_encoders.conv1d:Conv1dEncoder",
            kinds=("audio", "motion", "sensor"),
            default_for=("audio", "motion", "sensor"),
            summary="Strided convolutions along time; a token per window of 16 steps.",
            paper="Wang 2017, IJCNN, arXiv:1611.06455",
            parameters={
                "channels": Int(16, 64, log=True),
                "kernel": Choice((4, 6, 8)),
                "stride": Choice((2, 4)),
                "layers": Int(1, 2),
                "dropout": _DROPOUT,
            },
        ),
        Encoder(
            "conv2d",
            "mmbench_encoders.conv2d:Conv2dEncoder",
            kinds=("image",),
            default_for=("image",),
            summary="Two strided convolutions and a projection per position; at most 16 tokens.",
            paper="LeCun 1998, Proceedings of the IEEE, doi:10.1109/5.726791",
            parameters={"channels": Int(8, 32, log=True), "dropout": _DROPOUT},
        ),
        Encoder(
            "frames",
            "mmbench_encoders.frames:FramesEncoder",
            kinds=("video",),
            default_for=("video",),
            summary="The image encoder on every frame; a token a frame.",
            parameters={"channels": Int(8, 32, log=True), "dropout": _DROPOUT},
        ),
        Encoder(
            "text_transformer",
            "mmbench_encoders.text_transformer:TextTransformer",
            kinds=("text",),
            default_for=("text",),
            preparation="mmbench_encoders.subwords:Subwords",
            summary="Pre-norm transformer over subwords learned from the training texts.",
            paper="Vaswani 2017, NeurIPS, arXiv:1706.03762",
            parameters={
                "heads": Choice((1, 2, 4)),
                "hidden": Int(32, 128, log=True),
                "layers": Int(1, 2),
                "dropout": _DROPOUT,
            },
        ),
        Encoder(
            "recurrent",
            "mmbench_encoders.recurrent:RecurrentEncoder",
            kinds=("text", "audio", "motion", "sensor"),
            preparation="mmbench_encoders.sequences:Sequences",
            summary="GRU or LSTM over a series or over subwords, one way or both.",
            paper="Cho 2014, EMNLP, arXiv:1406.1078",
            parameters={
                "cell": Choice(("gru", "lstm")),
                "hidden": Int(16, 64, log=True),
                "bidirectional": Choice((False, True)),
                "dropout": _DROPOUT,
            },
        ),
        Encoder(
            "hf",
            "mmbench_encoders.pretrained.encoder:pretrained",
            kinds=("audio", "image", "text"),
            preparation="mmbench_encoders.pretrained.preparation:Pretrained",
            requires=("transformers", "safetensors", "filelock"),
            summary="A pretrained model, frozen or fine-tuned: minilm, dinov2, whisper, a folder or a hub name.",
            paper="Devlin 2019, NAACL, arXiv:1810.04805; Oquab 2023, arXiv:2304.07193; "
            "Radford 2023, ICML, arXiv:2212.04356",
            parameters={
                "model": Open(("tiny", "minilm", "dinov2", "whisper")),
                "frozen": Choice((True, False)),
                "tokens": Int(1, 64, log=True),
                "rate": Int(4000, 48000, log=True),
                "size": Int(0, 518),
                "dropout": _DROPOUT,
                "pace": Float(1e-4, 1.0, log=True),
            },
        ),
    ]


def __getattr__(name: str) -> Any:
    if name == "MultiModalTransformer":  # brings torch, which listing plugins must not pay for
        from mmbench_encoders.multimodal_transformer import MultiModalTransformer

        return MultiModalTransformer
    raise AttributeError(f"module 'mmbench_encoders' has no attribute {name!r}")
