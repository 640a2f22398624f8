"""How wide the model's own embeddings are, known before any weights are loaded."""

from engine.recipes.parts.base_config import base_config, small_file


def embedding_width() -> int:
    """Return the numbers of one embedding: what the last pooling or dense layer gives, or else the hidden size."""
    width = 0
    for module in small_file("modules.json") or []:
        kind = module["type"].rpartition(".")[2]
        config = small_file("config.json", module["path"]) if kind in ("Pooling", "Dense") else None
        if config and kind == "Dense":
            width = config["out_features"]
        elif config:
            modes = config.get("pooling_mode") or [
                name for name, on in config.items() if on is True and "_mode_" in name
            ]
            size = config.get("embedding_dimension") or config["word_embedding_dimension"]
            width = size * (1 if isinstance(modes, str) else len(modes))
    return int(width or base_config().get_text_config().hidden_size)
