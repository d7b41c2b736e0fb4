"""The phones of a phonetic lexicon: the Universal Phone Set of en-US.

A pronunciation is a row of labels with spaces between them, in upper or lower
case: `k ae t`. The set has 24 consonants and 22 vowels. Two of the vowels are
written with two labels, `AX R` (minor) and `ER R` (urban); `ER` never stands alone.
`H` begins "help" and `J` begins "yard", whereas `JH` begins "joy".

The set looks like ARPAbet, in which the CMU dictionary is written, and is not:
`I O U AI AU EI OI` are its `IY OW UW AY AW EY OY`, and it has no digits for stress.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/customize-pronunciation
http://www.speech.cs.cmu.edu/cgi-bin/cmudict
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CONSONANTS = "B CH D DH F G H JH K L M N NG P R S SH T TH V W J Z ZH"
_VOWELS = "AA AE AH AO AOX AU AX AI EH EHX EI IH I O OI OWX Q UH U UWX"
CONSONANTS = frozenset(_CONSONANTS.split())
VOWELS = frozenset([*_VOWELS.split(), "AX R", "ER R"])
# One label each: of `AX R` both parts are labels, of `ER R` only the second.
LABELS = CONSONANTS | frozenset(_VOWELS.split())

# ARPAbet as the CMU dictionary and the TIMIT corpus write it.
_SAME = CONSONANTS - {"H", "J"} | {"AA", "AE", "AH", "AO", "AX", "EH", "IH", "UH"}
_FROM_ARPABET = {
    **{label: label for label in _SAME},
    "AH0": "AX",  # the only vowel whose stress is heard as another phone
    "AW": "AU",
    "AXR": "AX R",
    "AY": "AI",
    "DX": "D",
    "EL": "AX L",
    "EM": "AX M",
    "EN": "AX N",
    "ER": "ER R",
    "ER0": "AX R",
    "EY": "EI",
    "HH": "H",
    "HV": "H",
    "IX": "IH",
    "IY": "I",
    "NX": "N",
    "OW": "O",
    "OY": "OI",
    "UW": "U",
    "UX": "U",
    "WH": "W",
    "Y": "J",
}
_LABEL = re.compile(r"\S+")


class Unknown(NamedTuple):
    """A label that is not in the set."""

    label: str  # as it was written
    offset: int  # characters before it, from 0


def check(phones: str) -> Unknown | None:
    """The first label that is not in the set; None when all are.

    >>> check("d ao t n eh t"), check("AX R ER R ER")
    (None, Unknown(label='ER', offset=10))
    >>> check("k AE1 t")
    Unknown(label='AE1', offset=2)
    """
    before: re.Match[str] | None = None  # an ER that waits for its R
    for match in _LABEL.finditer(phones):
        label = match[0].upper()
        if before is not None and label != "R":
            break
        before = match if label == "ER" else None
        if before is None and label not in LABELS:
            return Unknown(match[0], match.start())
    return Unknown(before[0], before.start()) if before is not None else None


def from_arpabet(phones: str) -> str | None:
    """ARPAbet, with digits for stress or without, as labels of the set.

    None when there is a label that ARPAbet does not have.

    >>> from_arpabet("AH0 G OW1"), from_arpabet("hh er1 iy"), from_arpabet("K AI T")
    ('AX G O', 'H ER R I', None)
    """
    labels = [_from_label(label) for label in phones.upper().split()]
    known = [label for label in labels if label is not None]
    return " ".join(known) if len(known) == len(labels) else None


def hint(phones: str, unknown: Unknown) -> str:
    """What to write instead of an unknown label, in words for the user.

    >>> phones = "K AE1 T IY0"
    >>> hint(phones, Unknown("AE1", 2))
    'the labels are ARPAbet; in the Universal Phone Set it is: K AE T I'
    >>> hint("b AI OW", Unknown("OW", 5))
    'OW is ARPAbet; write O'
    >>> hint("b ER", Unknown("ER", 2))
    'write ER R'
    """
    if unknown.label.upper() == "ER":
        return "write ER R"
    converted = from_arpabet(phones)
    if converted:
        return f"the labels are ARPAbet; in the Universal Phone Set it is: {converted}"
    label = _from_label(unknown.label.upper())
    if label is not None:
        return f"{unknown.label} is ARPAbet; write {label}"
    return "use the labels of the Universal Phone Set, with spaces between them"


def _from_label(label: str) -> str | None:
    bare = label[:-1] if label[-1:] in {"0", "1", "2"} else label
    return _FROM_ARPABET.get(label) or _FROM_ARPABET.get(bare)
