"""How far a policy may move from where it was, and from the untouched model."""

ITERATIONS: int = 1  # how often a set of answers is learned from before new ones are generated
CLIP: float = 0.2  # how far the probability of a token may move from where it was when it was generated, as a share
KL_COEF: float = 0.05  # price of every step away from the untouched model; 0: none
