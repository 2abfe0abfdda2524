"""A stiff piece is played: notes keep their order and their pitches, and nothing else of the file moves."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from daw_bridge.cli.main import compose
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.memory import PhraseMemory
from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import Piece, piece_of, piece_of_bytes, write_bytes
from daw_bridge.music.moving import moved
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import parts_of
from daw_bridge.music.smf import Smf, SmfEvent, make_track, meter_event, tempo_event
from daw_bridge.offline.humanize import Humanized, Strength, humanized
from daw_bridge.offline.microtiming import DRIFT_S, DRIFT_STAYS, HABITS_S, TOP_LEADS_S, drift, voices
from tests.offline.broken import damaged
from tests.offline.composing import piece


class Accents(PhraseMemory):
    """A touch that can be foretold: high notes loud, and everything it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, int, bool]] = []

    def velocities(
        self,
        notes: Sequence[Note],
        *,
        seed: int,  # noqa: ARG002
        controls: SamplingControls,  # noqa: ARG002
        lead_in: Sequence[Note] = (),
        drums: bool = False,
    ) -> list[int]:
        """As loud as it is high."""
        self.heard.append((len(notes), len(lead_in), drums))
        assert all(note.end_s < notes[0].onset_s for note in lead_in)
        return [note.pitch for note in notes]


def stiff(bars: int = 8, velocity: int = 80) -> Piece:
    """A melody in eighths with pedal and a program change in the middle, and a kit in sixteenths."""
    played = [
        event
        for at in range(bars * 8)
        for event in (
            SmfEvent(at * 240, bytes((0x90, 60 + at * 5 % 13, velocity))),
            SmfEvent(at * 240 + 240, bytes((0x80, 60 + at * 5 % 13, 0))),
        )
    ]
    pedal = [SmfEvent(at * 1920 + 5, bytes((0xB0, 64, 127 * (at % 2)))) for at in range(bars)]
    sound = [SmfEvent(0, b"\xc0\x04"), SmfEvent(bars * 960, b"\xc0\x30")]
    kit = [
        event
        for at in range(bars * 16)
        for event in (SmfEvent(at * 120, bytes((0x99, 42, velocity))), SmfEvent(at * 120 + 60, bytes((0x89, 42, 0))))
    ]
    head = make_track([tempo_event(0, 500_000), meter_event(0, 4, 4)])
    return piece_of(Smf(1, 480, (head, make_track([*played, *pedal, *sound]), make_track(kit))))


def played(of: Piece, strength: Strength = Strength(), seed: int = 1) -> Humanized:  # noqa: B008
    return humanized(Accents(), of, parts_of(of), strength, SamplingControls(), seed)


def test_all_but_the_notes_stays_and_the_notes_keep_their_order() -> None:
    before = stiff()
    result = played(before)
    after = piece_of(result.smf)
    assert result.moved == result.touched == len(before.notes) == len(after.notes)
    assert after.smf.tracks[0] == before.smf.tracks[0]
    for old, new in zip(before.smf.tracks[1:], after.smf.tracks[1:], strict=True):
        others = [[event for event in track.events if event.data[0] >= 0xA0] for track in (old, new)]
        assert others[0][:-1] == others[1][:-1]
    for track in (1, 2):
        lines = [[note.pitch for note in of.notes if note.track == track] for of in (before, after)]
        assert lines[0] == lines[1]
    sounds = [
        [note.on_tick < 8 * 960 for note in sorted(of.notes, key=lambda n: n.on_index) if note.track == 1]
        for of in (before, after)
    ]
    assert sounds[0] == sounds[1]
    assert all(note.off_tick > note.on_tick >= 0 for note in after.notes)


def test_velocities_follow_the_model_about_the_part_s_own_loudness() -> None:
    after = piece_of(played(stiff()).smf)
    melody = [note for note in after.notes if note.track == 1]
    assert statistics.correlation([n.pitch for n in melody], [n.velocity for n in melody]) > 0.95
    assert statistics.fmean(note.velocity for note in melody) == pytest.approx(80, abs=1.5)
    halved = piece_of(played(stiff(), Strength(0.5, 0.0)).smf)
    spreads = [statistics.pstdev(n.velocity for n in of.notes if n.track == 1) for of in (halved, after)]
    assert spreads[0] == pytest.approx(spreads[1] / 2, rel=0.15)


def test_drums_and_pitches_are_heard_apart_and_only_pitches_after_a_lead_in() -> None:
    toucher = Accents()
    before = stiff(2)
    humanized(toucher, before, parts_of(before), Strength(), SamplingControls(), 1)
    assert toucher.heard == [(16, 16, False), (32, 0, True)]


def test_what_was_played_already_keeps_its_touch_and_its_timing() -> None:
    before = piece(4)
    alive = {note: 40 + at * 7 % 60 for at, note in enumerate(before.notes)}
    loose = {note: (at * 37) % 90 for at, note in enumerate(before.notes)}
    before = piece_of(moved(before, alive, loose))
    result = played(before)
    assert result.moved == 0
    assert result.velocity_spread < 2.0
    assert [note.on_tick for note in piece_of(result.smf).notes] == [note.on_tick for note in before.notes]


def test_no_strength_changes_nothing_and_needs_no_model() -> None:
    before = stiff(2)
    result = humanized(PhraseMemory(), before, parts_of(before), Strength(0.0, 0.0), SamplingControls(), 1)
    assert result.smf == before.smf
    with pytest.raises(UsageError, match="no touch"):
        humanized(PhraseMemory(), before, parts_of(before), Strength(), SamplingControls(), 1)


def test_keys_struck_again_and_again_stay_apart() -> None:
    strokes = [
        event
        for at in range(200)
        for event in (SmfEvent(at * 12, bytes((0x90, 60, 80))), SmfEvent(at * 12 + 12, bytes((0x80, 60, 0))))
    ]
    before = piece_of(Smf(0, 480, (make_track([tempo_event(0, 500_000), *strokes]),)))
    shifts = {note: (at * 7919) % 61 - 30 for at, note in enumerate(before.notes)}
    after = piece_of(moved(before, {}, shifts))
    assert len(after.notes) == 200
    ends = [note.off_tick for note in after.notes]
    assert all(end <= note.on_tick for end, note in zip(ends, after.notes[1:], strict=False))


def test_the_drawn_timing_has_the_measured_figures() -> None:
    places = [at % 4 for at in range(20_000)]
    off_s = drift(5, places)
    free = [value - HABITS_S[place] for value, place in zip(off_s, places, strict=True)]
    assert statistics.pstdev(free) == pytest.approx(DRIFT_S, rel=0.05)
    assert statistics.correlation(free[1:], free[:-1]) == pytest.approx(DRIFT_STAYS, abs=0.03)
    chords = [voices(5, stroke, 4, drums=False) for stroke in range(2000)]
    leads = [statistics.fmean(chord[:-1]) - chord[-1] for chord in chords]
    assert statistics.fmean(leads) == pytest.approx(TOP_LEADS_S, abs=1e-9)
    assert voices(5, 0, 1, drums=False) == [0.0]


def test_the_same_seed_plays_the_same_and_the_command_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert played(stiff()).smf == played(stiff()).smf
    assert played(stiff(), seed=2).smf != played(stiff()).smf
    source, out = tmp_path / "stiff.mid", tmp_path / "out.mid"
    write_bytes(source, stiff(2).smf.to_bytes())
    arguments = [str(source), "-o", str(out), "--model", "memory", "--seed", "1"]
    assert compose(["humanize", *arguments]) == 2
    assert "no touch" in capsys.readouterr().err
    assert compose(["humanize", *arguments, "--velocity", "0"]) == 0
    assert "0 of 48 notes touched" in capsys.readouterr().out
    assert compose(["humanize", *arguments, "--timing", "3"]) == 2
    assert "0 to 2" in capsys.readouterr().err
    pitches = Counter(note.pitch for note in stiff(2).notes)
    assert Counter(note.pitch for note in piece_of(played(stiff(2)).smf).notes) == pitches


def test_damaged_files_keep_all_they_hold() -> None:
    draw = random.Random(3)
    whole = stiff(4).smf.to_bytes()
    tried = 0
    for _ in range(60):
        try:
            before = piece_of_bytes(damaged(whole, draw), "damaged")
        except UsageError:
            continue
        parts = parts_of(before)
        if not parts:
            continue
        after = piece_of(humanized(Accents(), before, parts, Strength(2.0, 2.0), SamplingControls(), 1).smf)
        tried += 1
        assert Counter((n.track, n.channel, n.pitch) for n in before.notes) == Counter(
            (n.track, n.channel, n.pitch) for n in after.notes
        )
        for old, new in zip(before.smf.tracks, after.smf.tracks, strict=True):
            kept = [[e for e in track.events[:-1] if e.data[0] & 0xE0 != 0x80] for track in (old, new)]
            assert sorted(kept[0]) == sorted(kept[1])
    assert tried > 40
