"""How sharply similarities are compared."""

SCALE: float = 20.0  # factor on the similarities before the softmax (1 / temperature)
