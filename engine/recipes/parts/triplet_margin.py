"""How far apart a wrong text shall be."""

MARGIN: float = 0.5  # how much further away a wrong text must be than a right one before it no longer counts
