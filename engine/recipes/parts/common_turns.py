"""Two conversations that begin alike: what they share is the prompt."""


def shared(one: list[dict[str, str]], other: list[dict[str, str]]) -> int:
    """Return how many turns two conversations begin with in common, the last of each apart."""
    same = 0
    while same < min(len(one), len(other)) - 1 and one[same] == other[same]:
        same += 1
    return same
