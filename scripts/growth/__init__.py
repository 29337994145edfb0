"""Growth: how time and memory grow with samples, modalities, tokens, classes, lanes and jobs."""
