"""The Hugging Face login of this machine, for models whose owners want to know who takes them."""

from engine.problem import Problem


def log_in(token: str) -> str:
    """Give a token to the Hugging Face login of this machine, which checks it; nothing of ours keeps it."""
    from huggingface_hub import errors, login

    token = token.strip()
    if not token.isascii() or not token.replace("_", "").isalnum():
        raise Problem("this is no token", advice="a token begins with hf_ and holds letters and digits only")
    try:
        login(token, add_to_git_credential=False)
    except (ValueError, OSError, errors.HTTPError) as error:  # type: ignore[attr-defined]
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].replace(token, "…")
        raise Problem(f"the hub does not take this token ({reason})", advice="check it and the network") from None
    return "logged in"
