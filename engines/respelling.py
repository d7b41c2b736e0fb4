"""Phones written as letters and numbers, for an engine that knows no phones.

`TH R I S I P I O` is spoken as *three c p o* is. Whatever is not spelled has no such
writing: there are many ways to write a name, and none of them is what was heard. The
phones are the Universal Phone Set of en-US, see
https://learn.microsoft.com/azure/ai-services/speech-service/customize-pronunciation
"""

from __future__ import annotations

_SOUNDS = """
a EI, b B I, c S I, d D I, e I, f EH F, g JH I, h EI CH, i AI, j JH EI, k K EI, l EH L,
m EH M, n EH N, o O, p P I, q K J U, r AA R, s EH S, t T I, u J U, v V I,
w D AH B AX L J U, x EH K S, y W AI, z Z I, zero Z IH R O, one W AH N, two T U,
three TH R I, four F AO R, five F AI V, six S IH K S, seven S EH V AX N, eight EI T,
nine N AI N, ten T EH N, eleven IH L EH V AX N, twelve T W EH L V,
thirteen TH ER R T I N, fourteen F AO R T I N, fifteen F IH F T I N,
sixteen S IH K S T I N, seventeen S EH V AX N T I N, eighteen EI T I N,
nineteen N AI N T I N, twenty T W EH N T I, thirty TH ER R T I, forty F AO R T I,
fifty F IH F T I, sixty S IH K S T I, seventy S EH V AX N T I, eighty EI T I,
ninety N AI N T I, hundred H AH N D R AX D, thousand TH AU Z AX N D,
double D AH B AX L, triple T R IH P AX L, point P OI N T, dot D AA T, dash D AE SH,
slash S L AE SH, plus P L AH S
"""
# What many speakers say alike, by what both become.
_ALIKE = {"ER": "AX", "AH": "AX", "IH": "AX", "AO": "AA", "AOX": "AA", "UWX": "U"}

_Sound = tuple[str, ...]


def respelled(phones: str) -> str:
    """Letters and numbers that sound like these phones, two or more; else empty.

    >>> respelled("TH R I S I P I O"), respelled("ai t r ih p ax l i")
    ('three c p o', 'i triple e')
    >>> respelled("W IH N"), respelled("AI")
    ('', '')
    """
    sound = _sound(phones)
    # The fewest words to each place.
    best: list[_Sound | None] = [(), *(None for _ in sound)]
    for start, here in enumerate(best):
        if here is None:
            continue
        for said, word in _WORDS.items():
            end = start + len(said)
            if sound[start:end] != said:
                continue
            there = best[end]
            if there is None or len(there) > len(here) + 1:
                best[end] = (*here, word)
    words = best[-1] or ()
    return " ".join(words) if len(words) > 1 else ""


def _sound(phones: str) -> _Sound:
    return tuple(_ALIKE.get(label, label) for label in phones.upper().split())


_WORDS = {
    _sound(phones): word
    for word, phones in (line.strip().split(" ", 1) for line in _SOUNDS.split(","))
}
