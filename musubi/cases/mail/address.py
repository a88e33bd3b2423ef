"""The address that answers to a notice go to: `reply+<token>@city.example`.

The token names the case and the person, signed; nothing is stored. It is in the letters and digits of base 32, because
mail systems fold case, and short enough for a local part of 64 characters (RFC 5321). It opens nothing by itself: the
answer must come from an address of that person, who must still be allowed to speak in that case.
"""

from base64 import b32decode, b32encode
from binascii import Error

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "musubi.cases.mail.address"
_SIGNATURE = 12
# What leaves room for two ids of five bytes each beside their signature.
LONGEST_MAILBOX = 64 - 1 - len(b32encode(bytes(10 + _SIGNATURE)).rstrip(b"="))


def reply_address(case_id: int, user_id: int) -> str:
    """Where this person's answer to this case goes; empty where no mailbox is configured."""
    mailbox, _, domain = settings.REPLY_ADDRESS.rpartition("@")
    if not mailbox:
        return ""
    ids = _number(case_id) + _number(user_id)
    token = b32encode(ids + _signature(ids, settings.SECRET_KEY)).rstrip(b"=").decode().lower()
    return f"{mailbox}+{token}@{domain}"


def read_address(address: str) -> tuple[int, int] | None:
    """(case id, user id) of one of our reply addresses; None for any other address, and for one not signed by us."""
    mailbox, _, domain = settings.REPLY_ADDRESS.rpartition("@")
    local, _, where = address.strip().lower().rpartition("@")
    name, plus, token = local.partition("+")
    if not mailbox or not plus or (name, where) != (mailbox, domain) or len(token) > 64:
        return None
    try:
        raw = b32decode(token.upper() + "=" * (-len(token) % 8))
    except (Error, ValueError):
        return None
    ids, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(signature, _signature(ids, key)) for key in keys):
        return None
    numbers = _numbers(ids)
    return tuple(numbers) if len(numbers) == 2 else None


def _signature(ids: bytes, key: str) -> bytes:
    return salted_hmac(_SALT, ids, secret=key, algorithm="sha256").digest()[:_SIGNATURE]


def _number(value: int) -> bytes:
    """Seven bits a byte, the highest set while more follow: small ids stay short."""
    found = bytearray()
    while True:
        value, low = value >> 7, value & 127
        found.append(low | (128 if value else 0))
        if not value:
            return bytes(found)


def _numbers(raw: bytes) -> list[int]:
    found, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            found.append(value)
            value = shift = 0
    return found
