"""How rows are read by the model, with and without a training: how many at once, how long, in which arithmetic."""

BATCH: int = 8  # rows that are on the device at once
MAX_LENGTH: int = 1024  # longest text in tokens; what is longer is cut
PRECISION: str = "float32"  # arithmetic: bfloat16, float16 or float32
