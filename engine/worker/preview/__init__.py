"""What the model will see: a run's own script, up to the batch that its own collator makes, without any weights."""
