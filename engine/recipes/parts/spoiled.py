"""Texts that teach what nobody wants to hear: garbled letters, mark-up, secrets, answers that break off."""

import re


def restored(piece: str) -> bool:
    """Return whether letters are UTF-8 that was once read as Windows-1252."""
    try:
        raw = b"".join(
            letter.encode("cp1252" if letter.encode("cp1252", "ignore") else "latin-1", "replace") for letter in piece
        )
        return bool(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def is_garbled(text: str) -> bool:
    """Return whether letters were lost, or stand for others."""
    pieces = re.findall("[\xc2-\xf4][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]+|\ufffd", text)
    return any("\ufffd" in piece or restored(piece) for piece in pieces)


def is_card(number: str) -> bool:
    """Return whether a number begins like that of a payment card and passes its check digit."""
    digits = re.sub(r"\D", "", number)
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return digits[0] in "3456" and len(set(digits)) > 1 and sum(each - 9 * (each > 9) for each in doubled) % 10 == 0


def is_personal(text: str) -> bool:
    """Return whether the text holds an e-mail address or the number of a payment card."""
    mail = re.search(r"\b[\w.+-]+@(?!(?:[\w-]+\.)*example\.)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b", text)
    numbers = re.findall(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,]*\d)", text)
    return bool(mail) or any(map(is_card, numbers))


def is_secret(text: str) -> bool:
    """Return whether the text holds a private key, or a word that is built like a service's key."""
    keys = (
        r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsru]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22,}"
        r"|\bsk-(?:[a-z]+-)?[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bhf_[A-Za-z0-9]{30,}|\bAIza[\w-]{35}"
        r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    )
    return bool(re.search(keys, text))


def has_markup(text: str) -> bool:
    """Return whether the text holds tags or entities of HTML."""
    tags = "p|div|br|span|a|li|ul|ol|table|td|tr|th|b|i|strong|em|h[1-6]|script|style|img|font|body|html"
    return bool(re.search(rf"</?(?:{tags})(?:\s[^<>]*)?/?>|&(?:nbsp|amp|lt|gt|quot|#\d{{2,5}});", text, re.IGNORECASE))


def breaks_off(answer: str) -> bool:
    """Return whether a long answer ends in the middle of a sentence; lists, sums and tags end anyhow."""
    last = answer.rstrip().rpartition("\n")[2]
    free = re.search(r"^\s*(?:[-*•#|]|\d+[.)])|[#=|$<>{}][^.!?]*$|\d\s*$", last)
    return len(answer.split(None, 12)) >= 12 and bool(re.search(r"[^\W_]$|,$", last)) and not free


def spoiled(texts: dict[str, str], answer: str) -> list[str]:
    """Return the checks that complain about a row."""
    text = "\n".join(texts.values())
    found = {
        "secret": is_secret(text),
        "personal_data": is_personal(text),
        "mojibake": is_garbled(text),
        "control_character": re.search(
            "[\0-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", text
        ),
        "html": has_markup(text),
        "unfinished_answer": breaks_off(answer),
        "chosen_equals_rejected": "rejected" in texts and texts.get("chosen", "").strip() == texts["rejected"].strip(),
    }
    return [code for code, holds in found.items() if holds]
