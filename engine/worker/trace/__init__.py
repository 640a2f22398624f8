"""The dry run: one training step of a run's own script on tensors that have a shape and no numbers."""
