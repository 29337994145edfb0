"""A user's own data: one `.npz`, a folder with a `dataset.toml`, or a Hugging Face dataset."""
