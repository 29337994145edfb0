"""Images to the tokens of a pretrained vision model."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.data.preparation import Prepared
from mmbench.errors import BadParameter, DataError
from mmbench_encoders.pretrained.huggingface import transformers
from mmbench_encoders.pretrained.shorten import shorten_grid

__all__ = ["ImageBackbone", "ImageReader"]

_COLOURS = 3


class ImageReader:
    """Pixels `(N, C, H, W)` of 8 bits, of 0 to 1, or of any range, to `(N, 3, H, W)` of 0 to 1.

    Any other range is that of the training part. One channel becomes three.
    """

    vocabulary = 0

    def fit(self, values: npt.NDArray[Any]) -> ImageReader:
        low, high = (0.0, 255.0) if values.dtype == np.uint8 else (0.0, 1.0)
        if values.min() < low or values.max() > high:
            low, high = float(values.min()), float(values.max())
        self.settings = (low, high)
        return self

    def read(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Prepared:
        """Pixels `(N, 3, H, W)` float32."""
        if values.shape[1] not in (1, _COLOURS) or values.dtype.kind not in "fiub":
            raise DataError(
                f"Expected images of shape (N, 3, H, W) or (N, 1, H, W). "
                f"Found {values.dtype} of shape {values.shape}."
            )
        low, high = self.settings
        scaled = (torch.from_numpy(values.astype(np.float32)) - low) / (high - low or 1.0)
        if not bool(scaled.isfinite().all()):
            raise DataError("Expected finite pixels. Found NaN or infinity.")
        return Prepared(scaled.expand(-1, _COLOURS, -1, -1))


class ImageBackbone(nn.Module):
    """Pixels `(B, 3, H, W)` of 0 to 1 to tokens `(B, T, D)`, all real.

    An image is resized to the square that the model was trained on, by bicubic interpolation, and
    nothing is cropped: a benchmark's images are small. Tokens are averaged over a grid of at most
    `count` cells; a class token stays.

    Args:
        model: the vision model.
        folder: it was loaded from; its processor's mean and deviation are used.
        count: cells of the grid, at most.
        size: pixels a side; 0 for the model's own.

    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: nn.Module, folder: Path, count: int, size: int = 0) -> None:
        super().__init__()
        self.model = model
        self.count = count
        processor = _processor(folder)
        self.size = size or _side(processor)
        for name, plain in (("mean", 0.0), ("std", 1.0)):
            given = processor.get(f"image_{name}") if processor.get("do_normalize", True) else None
            values = torch.tensor([plain] * _COLOURS if given is None else given)
            self.register_buffer(name, values.reshape(-1, 1, 1), persistent=False)
        asked = inspect.signature(model.forward).parameters
        self._more = (
            {"interpolate_pos_encoding": True} if "interpolate_pos_encoding" in asked else {}
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        square = (self.size, self.size)
        resized = F.interpolate(x, square, mode="bicubic", antialias=True).clamp(0, 1)
        pixels = (resized - self.mean) / self.std
        found = self.model(pixel_values=pixels, **self._more).last_hidden_state
        if found.dim() == 4:  # a convolutional network's map (B, D, H, W)
            found = found.flatten(2).transpose(1, 2)
        tokens = shorten_grid(found, self.count)
        return tokens, tokens.new_ones(tokens.shape[:2], dtype=torch.bool)


def _processor(folder: Path) -> dict[str, Any]:
    processing = transformers().image_processing_base.ImageProcessingMixin
    try:
        found, _ = processing.get_image_processor_dict(folder, local_files_only=True)
    except OSError as error:
        raise BadParameter(
            f"Expected {folder} to hold the preprocessor_config.json of a vision model. Found none. Save the "
            f"model's image processor beside it."
        ) from error
    return dict(found)


def _side(processor: dict[str, Any]) -> int:
    """Pixels a side of what the model reads."""
    cropped = processor.get("crop_size") if processor.get("do_center_crop") else None
    size = cropped or processor.get("size") or 224
    return int(size) if isinstance(size, int) else int(next(iter(size.values())))
