"""How an amount falls on the pots that bear an award, to the yen."""

from collections.abc import Mapping


def spread(yen: int, over: Mapping[int, int]) -> dict[int, int]:
    """`yen` divided over the pots in proportion to `over`, no pot more than its own; the yen left over by the division go
    to the pots with the greatest remainders (then the lowest id). Raises ValueError for more than there is, and for a
    pot below nothing."""
    whole = sum(over.values())
    if not 0 <= yen <= whole or any(part < 0 for part in over.values()):
        raise ValueError(f"{yen} yen over {whole}")
    if not yen:
        return dict.fromkeys(over, 0)
    found = {pot: part * yen // whole for pot, part in over.items()}
    left = yen - sum(found.values())
    for pot in sorted(over, key=lambda pot: (-(over[pot] * yen % whole), pot))[:left]:
        found[pot] += 1
    return found
