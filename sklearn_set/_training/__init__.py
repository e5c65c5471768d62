"""Training, whatever the model: the loop over epochs and batches, and what it needs."""
