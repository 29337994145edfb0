"""Training: build a model, fit it, try hyperparameters. Nothing here can reach the test part."""
