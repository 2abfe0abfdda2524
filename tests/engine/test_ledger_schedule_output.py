"""Identity of sounding notes, due moments, and what goes out when a key is struck twice."""

from __future__ import annotations

import pytest

from daw_bridge.engine.events import Send
from daw_bridge.engine.ledger import Ledger, Voice
from daw_bridge.engine.output import Output
from daw_bridge.engine.schedule import Release, Schedule
from daw_bridge.music.messages import ControlChange, NoteOff, NoteOn


def test_a_voice_leaves_once() -> None:
    ledger = Ledger()
    voice = ledger.enter(1, 0, 60, 80, 0.0)
    assert ledger.at(0, 60) == voice
    assert ledger.leave(voice.number) == voice
    assert ledger.leave(voice.number) is None
    assert not ledger.sounding()


def test_a_key_holds_one_voice() -> None:
    ledger = Ledger()
    ledger.enter(1, 0, 60, 80, 0.0)
    with pytest.raises(ValueError, match="sounds already"):
        ledger.enter(2, 0, 60, 80, 1.0)


def test_voices_are_told_apart_by_owner() -> None:
    ledger = Ledger()
    ledger.enter(1, 0, 60, 80, 0.0)
    ledger.enter(2, 0, 62, 80, 0.0)
    assert [voice.pitch for voice in ledger.sounding(2)] == [62]
    assert ledger.owns(1)
    assert not ledger.owns(3)


def test_what_is_due_at_one_moment_keeps_its_order() -> None:
    schedule = Schedule()
    for value in range(5):
        schedule.put(1.0, ControlChange(0, 1, value))
    schedule.put(0.5, Release(7), owner=3)
    assert schedule.next_s == 0.5
    assert schedule.pop(0.4) is None
    schedule.drop(3)
    popped = [schedule.pop(1.0) for _ in range(5)]
    assert [due.what.value for due in popped if due and isinstance(due.what, ControlChange)] == list(range(5))
    assert schedule.next_s is None


class Wire:
    def __init__(self) -> None:
        self.sent: list[Send] = []
        self.released: list[tuple[int, float]] = []
        self.output = Output(self.sent.append, self._ended)

    def _ended(self, voice: Voice, now_s: float) -> None:
        self.released.append((voice.pitch, now_s))

    def messages(self) -> list[object]:
        return [send.message for send in self.sent]


def test_a_queued_note_off_is_void_when_its_key_was_struck_again() -> None:
    wire = Wire()
    wire.output.strike(1, NoteOn(0, 60, 80), 0.0, off_s=1.0)
    wire.output.strike(1, NoteOn(0, 60, 90), 0.5, off_s=2.0)
    wire.output.advance(1.5)
    assert wire.messages() == [NoteOn(0, 60, 80), NoteOff(0, 60), NoteOn(0, 60, 90)]
    wire.output.advance(2.0)
    assert wire.messages()[-1] == NoteOff(0, 60)
    assert wire.released == [(60, 0.5), (60, 2.0)]


def test_releasing_one_owner_leaves_the_others_alone() -> None:
    wire = Wire()
    wire.output.strike(0, NoteOn(0, 48, 80), 0.0)
    wire.output.strike(1, NoteOn(0, 60, 80), 0.0, off_s=9.0)
    wire.output.release_owner(1, 1.0)
    assert wire.messages()[-1] == NoteOff(0, 60)
    assert wire.output.sounding == 1
    assert wire.output.next_s is None


def test_a_lost_port_hears_no_note_on_and_gets_its_note_offs_later() -> None:
    wire = Wire()
    voice = wire.output.strike(1, NoteOn(0, 60, 80), 0.0)
    wire.output.lose_port()
    wire.output.release(voice, 1.0)
    assert wire.output.strike(1, NoteOn(0, 62, 80), 1.0) == 0
    assert wire.messages() == [NoteOn(0, 60, 80)]
    wire.output.regain_port(2.0)
    assert wire.messages() == [NoteOn(0, 60, 80), NoteOff(0, 60)]


def test_closing_releases_even_what_a_lost_port_is_owed() -> None:
    wire = Wire()
    voice = wire.output.strike(1, NoteOn(0, 60, 80), 0.0)
    wire.output.strike(1, NoteOn(0, 64, 80), 0.0)
    wire.output.lose_port()
    wire.output.release(voice, 1.0)
    wire.output.release_all(2.0)
    assert sorted(send.message.pitch for send in wire.sent if isinstance(send.message, NoteOff)) == [60, 64]
