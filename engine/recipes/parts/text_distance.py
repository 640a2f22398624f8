"""How the distance of two texts is computed."""

DISTANCE: str = "cosine"  # cosine or euclidean; searching compares by cosine
