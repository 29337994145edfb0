"""From a dataset's raw arrays to tensors, with the test part sealed away."""
