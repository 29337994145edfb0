"""Loaders for public datasets in the formats they are published in."""
