"""Recognise windows as somebody does who knows what they are about.

A window is heard twice: plainly, and with text of the domain before it, which
Whisper goes on with. The encoder runs once. What was heard with that text counts
only if it is of the domain, by the model of its words: so speech about anything else
is recognised as ever. It may then be less sure than the plain result, by as much as
it fits the domain and as the domain weighs.

A decoder that reads the same sentence again and again goes on with it, whatever it
hears, and is sure of that. So the sound has a veto: a text that wins is weighed once
more as if nothing had come before it, and must be likely even so.
"""

from __future__ import annotations

from engines.whisper.adaptation import Adaptation
from engines.whisper.decoder import Decoder, Hypothesis
from engines.whisper.encoder import Memory

# Of a text that is as sure as this nothing is to be gained.
_SURE = -0.1  # nats per token
# As sure as this a text need not be doubted that has nothing of the domain.
_SURE_ENOUGH = -0.35
# Of the words' probability against that of the sound, at the full weight; and what
# each word gets. On digits and medical notes: the fewest errors at a weight of 0.3.
_SHARE = 2 / 3
_WORD_BONUS = 5.0  # nats
# So much less likely by sound alone a text may be than what was heard plainly, and
# more for each token. Terms and digits that were put right cost up to 10 nats in
# all, a sentence that nobody had said 55 to 100.
_VETO = 12.0  # nats
_VETO_BY_TOKEN = 0.5
# Whisper's own limits for nobody speaking.
_NO_SPEECH = 0.6
_GUESSED = -1.0


def decode(
    decoder: Decoder, memory: Memory, limit: int, adaptation: Adaptation
) -> list[Hypothesis]:
    """The best text for each window."""
    best = [plain for (plain,) in decoder.decode(memory, limit)]
    open_ = [at for at, one in enumerate(best) if not _is_settled(one, adaptation)]
    if not open_:
        return best
    before, count = adaptation.prompt, decoder.beam_size
    several = decoder.decode(memory[open_], limit, before, count)
    better: dict[int, Hypothesis] = {}
    for at, hypotheses in zip(open_, several, strict=True):
        told = max(hypotheses, key=lambda one: _worth(one, adaptation))
        bonus = adaptation.weight * adaptation.fit(told.text)
        if bonus and told.tokens and told.mean + bonus > best[at].mean:
            better[at] = told
    if better:
        heard = decoder.by_sound(memory[list(better)], list(better.values()))
        for (at, told), by_sound in zip(better.items(), heard, strict=True):
            if not is_made_up(told, by_sound, best[at]):
                best[at] = told
    return best


def is_made_up(told: Hypothesis, by_sound: float, plain: Hypothesis) -> bool:
    """Whether a text, with this log probability by sound alone, was read and not heard.

    In all, for each token of a sentence that is repeated is more probable than the
    last; and by the shorter text, lest one sentence stand for a long recording.
    """
    tokens = min(len(told.tokens), len(plain.tokens))
    missing = plain.log_probability - by_sound
    return missing > _VETO + _VETO_BY_TOKEN * tokens


def _worth(told: Hypothesis, adaptation: Adaptation) -> float:
    """Among the texts of one beam: how probable it is by sound and by words.
    Without something for each word, the shortest would win."""
    if adaptation.language is None:
        return told.mean
    score = adaptation.language.score(told.text)
    words = score.log_probability + _WORD_BONUS * score.words
    return told.log_probability + _SHARE * adaptation.weight * words


def _is_settled(plain: Hypothesis, adaptation: Adaptation) -> bool:
    """Whether there is no need to hear the window once more."""
    if plain.no_speech > _NO_SPEECH and plain.mean < _GUESSED:
        return True
    if plain.mean > _SURE:
        return True
    return plain.mean > _SURE_ENOUGH and not adaptation.fit(plain.text)
