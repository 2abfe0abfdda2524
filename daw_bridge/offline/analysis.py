"""What a piece is, in words and figures: what the model will be told, made visible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from daw_bridge.music.chords import find_chord
from daw_bridge.music.grid import find_grid
from daw_bridge.music.harmony import Key, estimate_key, key_scores, pitch_class_weights, pitch_name
from daw_bridge.music.instruments import program_name
from daw_bridge.music.midifile import Piece
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import Part, most_together, parts_of

_KEY_WINDOW_BARS: Final = 8
_KEY_WINDOW_S: Final = 16.0
_KEY_HYSTERESIS: Final = 0.08
"""A new key must fit this much better than the one in force before it counts as a change."""
_MOST_BARS: Final = 4096


@dataclass(frozen=True, slots=True)
class PartFigures:
    """One part in figures."""

    number: int
    name: str
    sound: str
    notes: int
    lowest: str
    highest: str
    polyphony: int
    mean_velocity: int


@dataclass(frozen=True, slots=True)
class KeySpan:
    """A key from bar `from_bar` (counted from 1) on."""

    from_bar: int
    key: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """A piece in figures; bars count from 1, tempi are quarter notes a minute."""

    seconds: float
    bars: int
    notes: int
    key: str
    keys: tuple[KeySpan, ...]
    tempo_first: float
    tempo_slowest: float
    tempo_fastest: float
    meters: tuple[str, ...]
    grid: str
    notes_per_s: float
    parts: tuple[PartFigures, ...]
    chords: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def analyse(piece: Piece) -> Analysis:
    """All figures of a piece."""
    notes = piece.phrase().notes
    parts = parts_of(piece)
    pitched = [note for note in notes if note.channel != 9]
    key = estimate_key(pitched)
    bars = bar_count(piece)
    tempi = [60.0 / (length_s * piece.meter.ticks_per_beat) for length_s in piece.tempo.tick_lengths_s]
    seconds = piece.tempo.seconds(piece.end_tick)
    return Analysis(
        seconds=round(seconds, 3),
        bars=bars,
        notes=len(notes),
        key=key.name if pitched else "none (no pitched notes)",
        keys=tuple(_keys_over_time(piece, pitched, bars)),
        tempo_first=round(tempi[0], 2),
        tempo_slowest=round(min(tempi), 2),
        tempo_fastest=round(max(tempi), 2),
        meters=tuple(f"{meter.beats}/{meter.unit} from bar {meter.bar + 1}" for meter in piece.meter.meters),
        grid=_grid_words(piece),
        notes_per_s=round(len(notes) / seconds, 2) if seconds > 0.0 else 0.0,
        parts=tuple(_part_figures(part) for part in parts),
        chords=tuple(chord_line(piece, pitched, key, bars)),
        warnings=piece.smf.warnings,
    )


def bar_count(piece: Piece) -> int:
    """Bars up to the last note-off."""
    return int(piece.meter.bar_at(max(piece.end_tick - 1, 0))) + 1 if piece.notes else 0


def chord_line(piece: Piece, notes: Sequence[Note], key: Key, bars: int) -> list[str]:
    """The chord of every bar, `-` where too little sounds; the first few thousand bars of a long piece."""
    line = []
    waiting = list(notes)
    at = 0
    for bar in range(min(bars, _MOST_BARS)):
        start_s = piece.tempo.seconds(piece.meter.bar_start(bar))
        end_s = piece.tempo.seconds(piece.meter.bar_start(bar + 1))
        while at < len(waiting) and waiting[at].onset_s < end_s:
            at += 1
        chord = find_chord((note for note in waiting[max(0, at - 200) : at] if note.end_s > start_s), start_s, end_s)
        line.append(chord.name_in(key) if chord else "-")
    return line


def said(analysis: Analysis) -> list[str]:
    """The analysis as lines for people."""
    minutes, seconds = divmod(analysis.seconds, 60.0)
    tempo = f"{analysis.tempo_first:g} bpm"
    if analysis.tempo_slowest != analysis.tempo_fastest:
        tempo += f" at first, {analysis.tempo_slowest:g} to {analysis.tempo_fastest:g}"
    lines = [
        f"length   {int(minutes)}:{seconds:04.1f}, {analysis.bars} bars, {analysis.notes} notes"
        f" ({analysis.notes_per_s:g} a second)",
        f"key      {analysis.key}"
        + (
            "; " + ", ".join(f"{span.key} from bar {span.from_bar}" for span in analysis.keys)
            if len(analysis.keys) > 1
            else ""
        ),
        f"tempo    {tempo}",
        f"metre    {', '.join(analysis.meters)}",
        f"grid     {analysis.grid}",
    ]
    for part in analysis.parts:
        lines.append(
            f"part {part.number:<3} {part.name} ({part.sound}): {part.notes} notes, {part.lowest} to {part.highest},"
            f" up to {part.polyphony} together, velocity {part.mean_velocity} on average"
        )
    for start in range(0, len(analysis.chords), 8):
        bars = " | ".join(f"{chord:<5}" for chord in analysis.chords[start : start + 8])
        lines.append(f"bar {start + 1:<4} {bars}".rstrip())
    return lines + [f"mended   {warning}" for warning in analysis.warnings]


def _keys_over_time(piece: Piece, notes: Sequence[Note], bars: int) -> list[KeySpan]:
    spans: list[KeySpan] = []
    current: Key | None = None
    seconds = piece.tempo.seconds(piece.end_tick)
    window = max(_KEY_WINDOW_BARS, math.ceil(bars * _KEY_WINDOW_S / seconds)) if seconds > 0.0 else _KEY_WINDOW_BARS
    for first in range(0, min(bars, _MOST_BARS), window // 2):
        start_s = piece.tempo.seconds(piece.meter.bar_start(first))
        end_s = piece.tempo.seconds(piece.meter.bar_start(first + window))
        inside = [note for note in notes if start_s <= note.onset_s < end_s]
        if len(inside) < 8:
            continue
        scores = key_scores(pitch_class_weights(inside))
        best, fit = scores[0]
        held = next((score for key, score in scores if key == current), -1.0)
        if best != current and fit - held > _KEY_HYSTERESIS:
            current = best
            spans.append(KeySpan(first + 1, best.name))
    return spans


def _grid_words(piece: Piece) -> str:
    grid = find_grid(piece.notes, piece.meter)
    if not grid.exact:
        return f"played freely ({grid.onsets_on:.0%} of the notes on sixteenths or triplets)"
    return f"on the grid: a quarter note in {grid.division} ({grid.onsets_on:.0%} of the notes)"


def _part_figures(part: Part) -> PartFigures:
    pitches = [note.pitch for note in part.notes]
    return PartFigures(
        part.number,
        part.label,
        "drum kit" if part.drums else program_name(part.program) if part.program >= 0 else "no sound chosen",
        len(part.notes),
        pitch_name(min(pitches)),
        pitch_name(max(pitches)),
        most_together(part.notes),
        round(sum(note.velocity for note in part.notes) / len(part.notes)),
    )
