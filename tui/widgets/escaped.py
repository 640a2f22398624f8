"""Text in one printable line, and back: whatever a field holds can be seen and edited."""

import re

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")


def escape(text: str) -> str:
    r"""Return text in one printable line: a new line is written `\n`, an escape character `\x1b`."""
    return "".join(_ESCAPES.get(sign) or (sign if sign.isprintable() else _code(sign)) for sign in text)


def _code(sign: str) -> str:
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x100 else "".join(f"\\u{unit:04x}" for unit in _units(sign))


def _units(sign: str) -> list[int]:
    raw = sign.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def unescape(text: str) -> str:
    """Return the text that `escape` wrote down."""
    known = {written[1]: sign for sign, written in _ESCAPES.items()}

    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else known.get(match[3], match[0])

    return _ESCAPED.sub(one, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
