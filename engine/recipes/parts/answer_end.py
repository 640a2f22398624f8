"""Where an answer ends."""


def with_end(answer: list[int], end: int) -> list[int]:
    """Return an answer that stops at its last end-of-text token, which is added where it is missing."""
    length = len(answer) - answer[::-1].index(end) if end in answer else len(answer)
    return [*answer[:length], *([] if end in answer else [end])]
