"""Where the patterns match in a lattice, and what they write there.

Forward, the states that can be reached at each node are collected; backward, for
each of them the longest match. Every arc is seen once for each state, so the time
grows with the length of the text, whatever the patterns and the text are. After
250,000 moves in a text (it takes 200 patterns that nearly match everywhere, and some
thousand words) the words that follow are left as they are.

The leftmost match counts, of those the longest, of those the earlier pattern's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from engines.display.automaton import START, Automaton, Move, Moves
from engines.display.lattice import Arc, Lattice
from engines.display.numbers import Span
from engines.display.patterns import Range

MAX_EDGES = 250_000  # about one second and 50 MB


@dataclass
class Budget:
    """The moves that may still be made in a text, whatever punctuation is in it."""

    left: int = field(default_factory=lambda: MAX_EDGES)


class _Edge(NamedTuple):
    """A move of the machine along an arc."""

    state: int
    arc: Arc
    move: Move


class _Best(NamedTuple):
    """The longest match from a node and a state."""

    end: int
    rank: int  # minus the number of the pattern: the greater counts
    edge: _Edge | None  # None: the match ends here

    @property
    def order(self) -> tuple[int, int]:
        return self.end, self.rank


def find(
    automaton: Automaton, lattice: Lattice, closed: Collection[int], budget: Budget
) -> list[Span]:
    """The matches from left to right; none begins or ends at a `closed` place."""
    is_open = [at not in closed for at in range(lattice.length + 1)]
    edges = _forward(automaton, lattice, is_open, budget)
    best = _backward(automaton, lattice, is_open, edges)
    matches: list[Span] = []
    at = 0
    while at < lattice.length:
        found = best[at].get(START)
        if found is None:
            at += 1
            continue
        matches.append(Span(at, found.end, _written(automaton, best, at)))
        at = found.end
    return matches


def _forward(
    automaton: Automaton, lattice: Lattice, is_open: list[bool], budget: Budget
) -> list[list[_Edge]]:
    states: list[dict[int, None]] = [{} for _ in lattice.arcs]
    edges: list[list[_Edge]] = [[] for _ in lattice.arcs]
    for node in lattice.order:
        if node < lattice.length and is_open[node]:
            states[node][START] = None
        arcs = lattice.arcs[node]
        keys = {key for arc in arcs for key in arc.keys}
        for state in states[node]:
            moves = automaton.moves(state)
            if not moves.ranges and keys.isdisjoint(moves.by_key):
                continue
            for edge in islice(_edges(automaton, state, moves, arcs), budget.left):
                states[edge.arc.target][edge.move.target] = None
                edges[node].append(edge)
                budget.left -= 1
    return edges


def _edges(
    automaton: Automaton, state: int, moves: Moves, arcs: list[Arc]
) -> Iterator[_Edge]:
    inside_word = automaton.inside_word
    for arc in arcs:
        if arc.begins_word and inside_word[state]:
            continue
        for move in _moves(moves, arc):
            if arc.is_tight and move.before:
                continue
            if not (arc.ends_word and inside_word[move.target]):
                yield _Edge(state, arc, move)


def _moves(moves: Moves, arc: Arc) -> list[Move]:
    found = [move for key in arc.keys for move in moves.by_key.get(key, ())]
    if moves.ranges and arc.character:
        for range_, move in moves.ranges:
            written = _in_range(range_, arc.character)
            if written:
                found.append(move._replace(written=written))
    return found


def _in_range(range_: Range, character: str) -> str:
    """The character in the case that the range has; empty if it is not in it."""
    for same in (character, character.upper(), character.lower()):
        if len(same) == 1 and any(a <= same <= b for a, b in range_.pairs):
            return same
    return ""


def _backward(
    automaton: Automaton,
    lattice: Lattice,
    is_open: list[bool],
    edges: list[list[_Edge]],
) -> list[dict[int, _Best]]:
    best: list[dict[int, _Best]] = [{} for _ in lattice.arcs]
    for node in reversed(lattice.order):
        for edge in edges[node]:
            target, state = edge.arc.target, edge.move.target
            following = best[target].get(state)
            if target <= lattice.length and is_open[target]:
                accepted = automaton.moves(state).accepted
                if accepted is not None and following is None:
                    following = _Best(target, -accepted, None)
            if following is None:
                continue
            best[target].setdefault(state, following)
            found = _Best(following.end, following.rank, edge)
            known = best[node].get(edge.state)
            if known is None or found.order > known.order:
                best[node][edge.state] = found
    return best


def _written(automaton: Automaton, best: list[dict[int, _Best]], node: int) -> str:
    """What the longest match from a node writes."""
    parts: list[str] = []
    state = START
    while (edge := best[node][state].edge) is not None:
        parts += [edge.move.before, _character(edge)]
        node, state = edge.arc.target, edge.move.target
    return " ".join("".join([*parts, automaton.moves(state).ending]).split())


def _character(edge: _Edge) -> str:
    if edge.move.written is not None:
        return edge.move.written
    if edge.move.case == "u":
        return edge.arc.character.upper()
    return edge.arc.character.lower() if edge.move.case == "l" else edge.arc.character
