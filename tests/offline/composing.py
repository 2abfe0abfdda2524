"""What the composing tests share: a small piece, and a model of which every draw and score is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daw_bridge.engine.continuation import AnswerStream, SamplingControls
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.music.midifile import Piece, piece_of, smf_of_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def melody(bars: int = 8, *, start: int = 0, beat_s: float = 0.5) -> Phrase:
    """Quarter notes up and down the scale of C, four to a bar of two seconds."""
    pitches = [SCALE[(at * 3 + at // 4 + start) % len(SCALE)] for at in range(bars * 4)]
    return Phrase.of(Note(at * beat_s, pitch, beat_s, 60 + pitch % 12) for at, pitch in enumerate(pitches))


def chords(bars: int = 8) -> Phrase:
    """A held triad for every bar, on channel 2."""
    roots = (48, 53, 55, 48)
    return Phrase.of(Note(bar * 2.0, roots[bar % 4] + step, 2.0, 50, 1) for bar in range(bars) for step in (0, 4, 7))


def piece(bars: int = 8) -> Piece:
    """Melody and chords on two tracks after a conductor, at 120 bpm."""
    return piece_of(smf_of_phrases({"Melody": melody(bars), "Chords": chords(bars)}, programs={"Melody": 73}))


class ScoringMemory(PhraseMemory):
    """The phrase memory, with a score: a nat for every semitone from the note before."""

    def score(self, notes: Sequence[Note], *, drums: bool = False) -> Iterable[Iterable[float]]:  # noqa: ARG002
        """Four figures a note, all of the surprise in the pitch."""
        before = notes[0].pitch if notes else 0
        rows = []
        for note in notes:
            rows.append((0.0, float(abs(note.pitch - before)), 0.0, 0.0))
            before = note.pitch
        return rows


class FallsSilent:
    """Plays three notes and then takes the piece for ended: its next note comes a minute later."""

    name = "silent"

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        """It hears nothing."""

    def begin(
        self,
        context: Sequence[Note],  # noqa: ARG002
        *,
        start_s: float,
        seed: int,  # noqa: ARG002
        time_scale: float = 1.0,  # noqa: ARG002
        drums: bool = False,  # noqa: ARG002
    ) -> AnswerStream:
        """Three notes, then nothing for a minute."""
        return _ThreeNotes(start_s)


class _ThreeNotes:
    def __init__(self, start_s: float) -> None:
        self._onsets = [start_s, start_s + 0.5, start_s + 1.0, *(start_s + 60.0 + at for at in range(99))]

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:  # noqa: ARG002
        """The next of them."""
        now, self._onsets = self._onsets[:count], self._onsets[count:]
        return tuple(Note(onset_s, 60, 0.4, 80) for onset_s in now)
