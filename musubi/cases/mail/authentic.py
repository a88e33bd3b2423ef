"""Whether the receiving mail server found the sender to be who the mail says (RFC 8601, Authentication-Results).

Anybody can write such a header into a mail, so only those count that bear the name of the municipality's own server
(`MUSUBI_TRUSTED_AUTHSERV`), which must take away what comes from outside under its name. Of several, the worst counts.
"""

from dataclasses import dataclass, field
from enum import Enum

_LONGEST = 8000
# What has a meaning between results, and none within a quoted word.
_MEANING = frozenset(";= \t\r\n()")


class Proof(Enum):
    NOT_ASKED = "not asked"  # no server is trusted: nothing can be said
    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"  # a server is trusted, and said nothing about this mail


@dataclass
class _Result:
    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def proof(headers: list[str], *, trusted: str, sender: str) -> Proof:
    """What the `Authentication-Results` say about a mail whose From is `sender`. `trusted` names our own server.

    DMARC decides where it did; else SPF or DKIM must have passed for the sender's own domain.
    """
    if not trusted:
        return Proof.NOT_ASKED
    results = [result for header in headers for result in _results(header, trusted.lower())]
    if not results:
        return Proof.MISSING
    dmarc = {result.result for result in results if result.method == "dmarc"}
    if "fail" in dmarc:
        return Proof.FAILED
    if dmarc == {"pass"}:
        return Proof.PASSED
    domain = sender.rpartition("@")[2].lower()
    for result in results:
        if result.result != "pass":
            continue
        account = result.properties.get("smtp.auth", "")
        # Sent by somebody signed in to the server itself: as no one of another house.
        if result.method == "auth" and ("@" not in account or _same(account, domain)):
            return Proof.PASSED
        if result.method == "spf" and _same(result.properties.get("smtp.mailfrom", ""), domain):
            return Proof.PASSED
        signed = result.properties.get("header.d") or result.properties.get("header.i", "")
        if result.method == "dkim" and _same(signed, domain):
            return Proof.PASSED
    return Proof.FAILED


def _results(header: str, trusted: str) -> list[_Result]:
    text, is_whole = _plain(header[:_LONGEST])
    server, *rest = text.split(";")
    if server.lower().split()[:1] != [trusted]:
        return []
    if not is_whole:
        # Our own server writes nothing of the kind: where one result ends and the next begins cannot be told.
        return [_Result("dmarc", "fail")]
    found = []
    for part in rest:
        words = [word.partition("=") for word in part.split()]
        if not words or not words[0][1]:
            continue
        method, _, result = words[0]
        properties = {name.lower(): value.lower() for name, _, value in words[1:]}
        found.append(_Result(method.lower().partition("/")[0], result.lower(), properties))
    return found


def _plain(header: str) -> tuple[str, bool]:
    """The header without comments, and whether everything in it that opens also closes.

    Quoted words keep their letters and lose their meaning: the sender's address stands there, and may hold anything.
    """
    found, depth, quoted, escaped = [], 0, False, False
    for c in header:
        if escaped or (quoted and c not in '"\\'):
            escaped = False
            if not depth:
                found.append("_" if c in _MEANING else c)
        elif c == "\\" and (depth or quoted):
            escaped = True
        elif quoted:
            quoted = False
        elif c == "(":
            depth += 1
            found.append(" ")
        elif depth:
            depth -= c == ")"
        elif c == '"':
            quoted = True
        else:
            found.append(c)
    return "".join(found), not (depth or quoted or escaped)


def _same(claimed: str, domain: str) -> bool:
    """Whether two domains belong together: the same, or one below the other."""
    claimed = claimed.rpartition("@")[2].strip(".")
    if not claimed or not domain:
        return False
    shorter, longer = sorted((claimed, domain), key=len)
    return longer == shorter or (longer.endswith("." + shorter) and shorter.count(".") >= 1)
