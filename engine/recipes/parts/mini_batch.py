"""How much of a large batch is computed at once; gradients are cached between (Gao et al. 2021, arXiv:2101.06983)."""

MINI_BATCH: int = 32  # rows that a cached loss has on the device at once
