from __future__ import annotations

from evaluations.rows import with_times
from evaluations.templatetags.marks import marked
from scoring.errors import ErrorCounts, Piece, align

TIMINGS = [
    [" take", 0.0, 0.4, 0.9],
    [" 35", 0.5, 0.9, 0.8],
    [" mg", 1.0, 1.2, 0.9],
    [" now.", 2.0, 2.4, 0.9],
]
TEXT = "take 35 mg now."


def times(reference: str) -> list[tuple[str, str, float | None, float | None]]:
    marks = with_times(align(reference, TEXT, "en-US"), TEXT, TIMINGS)
    return [
        (m.piece.kind[:3], m.piece.hypothesis or m.piece.reference, m.start, m.end)
        for m in marks
    ]


def test_each_word_has_its_own_time() -> None:
    assert times("take 35 mg now") == [
        ("equ", "take", 0.0, 0.4),
        ("equ", "3", 0.5, 0.9),
        ("equ", "5", 0.5, 0.9),
        ("equ", "mg", 1.0, 1.2),
        ("equ", "now.", 2.0, 2.4),
    ]


def test_a_missing_word_has_the_time_of_its_gap() -> None:
    assert ("del", "right", 1.2, 2.0) in times("take 35 mg right now")
    assert ("del", "please", 0.0, 0.0) in times("please take 35 mg now")
    end = times("take 35 mg now please")[-1]
    assert end == ("del", "please", 2.4, 2.4 + 0.2)


def test_without_word_times_nothing_can_be_clicked() -> None:
    pieces = align("yes", "", "en-US")
    assert [(m.start, m.end) for m in with_times(pieces, "", [])] == [(None, None)]


def test_a_two_hour_recording_is_done_in_a_moment() -> None:
    words = [f"w{i}" for i in range(20_000)]
    timings = [[f" {w}", i / 3, (i + 1) / 3, 0.9] for i, w in enumerate(words)]
    text = " ".join(words)
    counted = ErrorCounts()
    pieces = []
    position = 0
    for word in words:
        end = position + len(word)
        pieces.append(Piece("equal", word, word, position, end, counted))
        position = end + 1
    marks = list(with_times(pieces, text, timings))
    # Trying each word with each piece would be 400 million comparisons.
    assert marks[-1].start == timings[-1][1]
    assert len(marks) == 20_000


def html(reference: str, hypothesis: str) -> str:
    pieces = align(reference, hypothesis, "en-US")
    text = marked(tuple(with_times(pieces, hypothesis, [])))
    for aside in ("[heard ", " instead of ", "[missing ", "[inserted ", "]"):
        text = text.replace(f'<span class="visually-hidden">{aside}</span>', "")
    return text


def test_each_kind_of_error_has_its_mark() -> None:
    assert html("a b c", "a x c") == (
        '<span class="w">a</span> <span class="sub" data-error>'
        '<span class="sub-hyp">x</span><span class="arrow" aria-hidden="true">→</span>'
        '<span class="sub-ref">b</span></span> <span class="w">c</span>'
    )
    assert '<ins class="ins" data-error>b</ins>' in html("a c", "a b c")
    assert '<del class="del" data-error>b</del>' in html("a b c", "a c")


def test_what_is_written_together_stays_together() -> None:
    assert html("3585", "3585") == "".join(
        f'<span class="w">{digit}</span>' for digit in "3585"
    )


def test_a_missing_word_is_not_glued_to_the_next() -> None:
    assert html("no fever", "fever") == (
        '<del class="del" data-error>no</del> <span class="w">fever</span>'
    )


def test_text_is_escaped() -> None:
    assert "<script>" not in html("<script>x</script>", '<script>"y</script>')
