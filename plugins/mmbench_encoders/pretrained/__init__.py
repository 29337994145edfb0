"""Encoders that others trained: any Hugging Face model, frozen or fine-tuned."""
