"""What the trainers without a reference take from a pair: two whole texts, each with labels on its answer alone."""


def labelled(pair: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return `…_input_ids`, `…_attention_mask` and `…_labels` of the chosen and the rejected text."""
    texts = {}
    for side in ("chosen", "rejected"):
        whole = pair["prompt_ids"] + pair[f"{side}_ids"]
        texts[f"{side}_input_ids"] = whole
        texts[f"{side}_attention_mask"] = [1] * len(whole)
        texts[f"{side}_labels"] = [-100] * len(pair["prompt_ids"]) + pair[f"{side}_ids"]
    return texts
