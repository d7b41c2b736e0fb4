from __future__ import annotations

import random
import re
import shutil
import subprocess
from itertools import combinations
from math import sqrt
from pathlib import Path

import pytest

from scoring.mapsswe import matched_pairs
from scoring.table import Builder, Table, side_by_side


def tables(*utterances: tuple[str, ...]) -> list[Table]:
    """Of each utterance the edits of each model; all words differ."""
    builders = [Builder() for _ in utterances[0]]
    for edits in utterances:
        for model, (builder, columns) in enumerate(zip(builders, edits, strict=True)):
            said = [f"word{n}" for n in range(len(columns) - columns.count("I"))]
            left = iter(said)
            heard = []
            for column in columns:
                word = next(left) if column != "I" else f"added{model}"
                if column != "D":
                    heard.append(word if column == "C" else f"{word}-{model}")
            builder.add(columns, said, heard)
    return side_by_side([builder.table() for builder in builders])


def test_it_is_what_is_counted_by_hand() -> None:
    old, new = tables(
        ("CSCCSCSDCC", "SSCCCCCCCC"),
        ("CCCCI", "CCCC"),
        ("CCC", "ICCC"),
        ("SCCIIC", "SCICIC"),
        ("SCC", "CCC"),
        ("CCCCC", "CCCCC"),
    )
    # "SCCIIC" against "SCICIC": an insertion breaks the run of two right words, so
    # that all is one segment, with 3 errors of each.
    differences = [1, -3, -1, 1, 0, -1]  # mean -0.5, squares from it 11.5
    found = matched_pairs(old, new)
    assert found.segments == 6
    assert found.mean == pytest.approx(sum(differences) / 6)
    assert found.z == pytest.approx(-0.5 / sqrt(11.5 / 5 / 6))
    assert found.z == pytest.approx(-0.8076, abs=1e-4)
    assert found.p == pytest.approx(0.4193, abs=1e-4)
    assert found.verdict == "unclear" and found.is_small
    turned = matched_pairs(new, old)
    assert turned.z == pytest.approx(0.8076, abs=1e-4)


@pytest.mark.parametrize(
    ("edits", "segments"),
    [
        (("SC", "CS"), 1),
        (("SCS", "CCC"), 1),
        (("SCCS", "CCCC"), 2),
        (("SCICS", "SCCS"), 1),
        (("CCI", "CC"), 1),
        (("CC", "CCI"), 1),  # sc_stats does not see this one
        (("CC", "CC"), 0),
        (("", ""), 0),
        (("I", "I"), 1),
    ],
)
def test_two_words_that_both_have_right_part_segments(edits, segments) -> None:
    assert matched_pairs(*tables(edits)).segments == segments


def test_segments_end_with_their_utterance() -> None:
    assert matched_pairs(*tables(("CS", "CC"), ("SC", "CC"))).segments == 2
    assert matched_pairs(*tables(("CI", "C"), ("IC", "C"))).segments == 2


def test_a_model_is_not_different_from_itself() -> None:
    old, new = tables(("SCD", "SCD"), ("CIC", "CIC"))
    found = matched_pairs(old, new)
    assert (found.mean, found.z, found.p, found.verdict) == (0, None, 1, "unclear")


def test_differences_without_variance_are_judged_by_their_signs() -> None:
    few, many = ([("SC", "CC")] * number for number in (3, 10))
    assert matched_pairs(*tables(*few)).p == 0.25
    found = matched_pairs(*tables(*many))
    assert found.p == pytest.approx(1 / 512)
    assert found.verdict == "better"


def test_what_one_model_could_not_recognise_is_no_segment() -> None:
    old, new = Builder(), Builder()
    old.add("S", ["one"], ["two"])
    old.add("S", ["one"], ["two"])
    new.fail()
    new.add("C", ["one"], ["one"])
    found = matched_pairs(*side_by_side([old.table(), new.table()]))
    assert (found.segments, found.mean) == (1, -1)


def _sctk() -> str | None:
    return shutil.which("sctk")


@pytest.mark.real
@pytest.mark.skipif(not _sctk(), reason="sctk (NIST SCTK) is not installed")
def test_five_models_are_told_apart_as_by_sc_stats(tmp_path: Path) -> None:
    alignments = [_aligned(tmp_path, f"m{n}") for n in _generate(tmp_path)]
    command = [str(_sctk()), "sc_stats", "-p", "-t", "mapsswe", "-v", "-n", "all"]
    subprocess.run(
        [*command, "-O", str(tmp_path)],
        input="".join(alignments).encode(),
        check=True,
        capture_output=True,
    )
    report = (tmp_path / "all.stats.mapsswe").read_text()
    theirs = re.findall(
        r"systems: m(\d) m(\d)\).*# segs: (\d+)\).*\(mean: +(\S+)\) .*"
        r"\(Z Stat: +(\S+)\) \(Stat Diff: (\w+)\)",
        report,
    )
    of_model = side_by_side([_table(alignment) for alignment in alignments])
    ours = []
    for first, second in combinations(range(5), 2):
        found = matched_pairs(of_model[second], of_model[first])
        is_real = "No" if found.verdict == "unclear" else "Yes"
        figures = f"{found.mean:.3f}", f"{found.z:.3f}", is_real
        ours.append((str(first), str(second), str(found.segments), *figures))
    assert ours == theirs
    assert {verdict for *_, verdict in theirs} == {"Yes", "No"}


def _generate(folder: Path) -> range:
    """400 utterances; models of 5 to 25 % errors that share what is hard.

    Each utterance ends with a word that all have right: what the second of two models
    inserts behind the last word is no error for sc_stats.
    """
    rng = random.Random(5)
    lines: list[list[str]] = [[] for _ in range(6)]
    for number in range(400):
        said = [f"w{rng.randrange(900)}" for _ in range(rng.randrange(1, 14))]
        hardness = rng.random() * 2
        heard: list[list[str]] = [[] for _ in range(5)]
        for word in said:
            is_burst = rng.random() < 0.05
            for model, rate in enumerate((0.05, 0.05, 0.1, 0.15, 0.25)):
                x = 0.0 if is_burst else rng.random() / hardness
                if x >= rate:
                    heard[model].append(word)
                elif (kind := rng.randrange(4)) < 2:
                    heard[model].append(f"x{model}{rng.randrange(99)}")
                elif kind == 2:
                    heard[model] += [f"y{rng.randrange(99)}", word]
        for text, words in zip(lines, [said, *heard], strict=True):
            text.append(" ".join([*words, f"end (s_{number:03})"]))
    for name, text in zip(["said", *(f"m{n}" for n in range(5))], lines, strict=True):
        (folder / name).write_text("\n".join(text) + "\n")
    return range(5)


def _aligned(folder: Path, name: str) -> str:
    command = [str(_sctk()), "sclite", "-r", "said", "trn", "-h", name, "trn", name]
    command += ["-i", "spu_id", "-o", "sgml", "stdout"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()


def _table(alignment: str) -> Table:
    """The alignment that sclite made, so that the test alone is compared."""
    builder = Builder()
    for line in re.findall(r"<PATH .*>\n(.*)\n</PATH>", alignment):
        columns = [column.replace('"', "").split(",") for column in line.split(":")]
        builder.add(
            "".join(kind for kind, _, _ in columns),
            [said for kind, said, _ in columns if kind != "I"],
            [heard for kind, _, heard in columns if kind != "D"],
        )
    return builder.table()
