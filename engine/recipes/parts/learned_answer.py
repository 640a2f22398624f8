"""One answer to be learned: its tokens and labels, cut where they are too long."""

from engine.recipes.parts.answer_end import with_end
from engine.recipes.parts.fitted import fitted


def example(asked: list[int], whole: list[int], end: int) -> tuple[list[int], list[int], int]:
    """Return tokens of one answer, its labels, and what was cut (`fitted`); the end of a whole answer is marked."""
    same = 0
    while same < min(len(asked), len(whole)) and asked[same] == whole[same]:
        same += 1
    prompt, (answer,), cut = fitted(whole[:same], [with_end(whole[same:], end)])
    return prompt + answer, [-100] * len(prompt) + answer, cut
