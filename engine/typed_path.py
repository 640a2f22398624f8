"""A path as a person typed it."""

from pathlib import Path

from engine.problem import Problem


def typed_path(name: str) -> Path:
    """Return the path that a name stands for; a name that no file can have, such as ~nobody/x, is a Problem."""
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
        shown = name if len(name) <= 60 else f"{name[:59]}…"
        raise Problem(f"this is no path ({reason})", where=shown, advice="give another one", code="path") from None
    return path
