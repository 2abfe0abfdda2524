"""A stage without a clock: a scripted musician, the real engine, a model that plays what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from daw_bridge.engine.continuation import AnswerStream, Continuer, SamplingControls
from daw_bridge.engine.engine import Engine, EngineSettings
from daw_bridge.engine.events import (
    Action,
    Event,
    Fault,
    MidiArrived,
    ParameterSet,
    Performed,
    Sent,
    TurnStateChanged,
)
from daw_bridge.engine.metronome import METRONOME_PORT
from daw_bridge.engine.parameters import Value
from daw_bridge.music.messages import Clock, ControlChange, Message, NoteOff, NoteOn
from daw_bridge.music.notes import Note
from daw_bridge.offline.drive import OfflineDriver

Wanted = TypeVar("Wanted")

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch(name: str) -> int:
    """`C4` is 60, `F#3` is 54."""
    return _LETTERS[name[0]] + name.count("#") - name.count("b") + 12 * (int(name.lstrip("ABCDEFG#b")) + 1)


@dataclass(frozen=True, slots=True)
class TuneStream:
    """Note i is `pitches[i]` (the last one for ever), each `step_s` after the other."""

    tune: Tune
    start_s: float
    drawn: list[SamplingControls] = field(default_factory=list)

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        notes = []
        for _ in range(count):
            index = len(self.drawn)
            self.drawn.append(controls)
            name = self.tune.pitches[min(index, len(self.tune.pitches) - 1)]
            shift = round(10 * (controls.temperature - 1.0))
            onset_s = self.start_s + self.tune.onset_s(index)
            notes.append(Note(onset_s, name + shift, self.tune.length_s, self.tune.velocity))
        return tuple(notes)


@dataclass(slots=True)
class Tune:
    """A model that answers everything with one tune; a temperature of 1.1 plays it a semitone higher."""

    pitches: tuple[int, ...] = (72, 74, 76, 77, 79, 81, 83, 84)
    step_s: float = 0.25
    length_s: float = 0.2
    velocity: int = 64
    name: str = "tune"
    contexts: list[tuple[Note, ...]] = field(default_factory=list)
    onsets_s: tuple[float, ...] = ()
    """The first onsets, where they are not `step_s` apart."""
    followed: list[tuple[Note, ...]] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)

    def onset_s(self, index: int) -> float:
        """When note `index` comes, from the start of the answer."""
        if index < len(self.onsets_s):
            return self.onsets_s[index]
        last_s = self.onsets_s[-1] if self.onsets_s else 0.0
        return last_s + (index - max(len(self.onsets_s) - 1, 0)) * self.step_s

    def follow(self, context: Sequence[Note], time_scale: float = 1.0) -> None:
        del time_scale
        self.followed.append(tuple(context))

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        del time_scale, drums
        self.contexts.append(tuple(context))
        self.seeds.append(seed)
        return TuneStream(self, start_s)


class Broken(Tune):
    """A model that cannot answer."""

    def begin(
        self, context: Sequence[Note], *, start_s: float, seed: int, time_scale: float = 1.0, drums: bool = False
    ) -> AnswerStream:
        del context, start_s, seed, time_scale, drums
        raise RuntimeError("no tensors today")


@dataclass(slots=True)
class Diary:
    """An observer that writes down everything."""

    heard_events: list[tuple[float, Event]] = field(default_factory=list)
    actions: list[tuple[float, Action | Sent]] = field(default_factory=list)

    def heard(self, event: Event, now_s: float) -> None:
        self.heard_events.append((now_s, event))

    def done(self, actions: Sequence[Action | Sent], now_s: float) -> None:
        self.actions.extend((now_s, action) for action in actions)


class World:
    """The engine under settings, with a musician who plays what the test says. Times in seconds from the start."""

    def __init__(
        self,
        continuer: Continuer | None = None,
        *,
        latency_s: float = 0.0,
        backups: Sequence[tuple[Continuer, float]] = (),
        levels: tuple[int, ...] | None = None,
        **settings: Value,
    ) -> None:
        self.diary = Diary()
        here = tuple(range(1 + len(backups))) if levels is None else levels
        self.engine = Engine(EngineSettings({"seed": 7, **settings}, levels=here))
        self.driver = OfflineDriver(
            self.engine, continuer or Tune(), latency_s=latency_s, backups=backups, observers=[self.diary]
        )

    # The musician

    def midi(self, at_s: float, message: Message, port: str = "in") -> World:
        """A message comes in."""
        self.driver.put(at_s, MidiArrived(message, port))
        return self

    def play(
        self,
        at_s: float,
        names: str,
        *,
        step_s: float = 0.25,
        length_s: float = 0.2,
        velocity: int = 80,
        channel: int = 0,
    ) -> World:
        """A melody: `C4 E4 G4`, one name every `step_s`, each held for `length_s`."""
        for index, name in enumerate(names.split()):
            onset_s = at_s + index * step_s
            self.midi(onset_s, NoteOn(channel, pitch(name), velocity))
            self.midi(onset_s + length_s, NoteOff(channel, pitch(name)))
        return self

    def pedal(self, at_s: float, down: bool, channel: int = 0) -> World:
        """The sustain pedal."""
        return self.midi(at_s, ControlChange(channel, 64, 127 if down else 0))

    def event(self, at_s: float, event: Event) -> World:
        """Anything else comes in."""
        self.driver.put(at_s, event)
        return self

    def do(self, at_s: float, action: str) -> World:
        """A performance action."""
        return self.event(at_s, Performed(action))

    def set(self, at_s: float, name: str, value: Value) -> World:
        """A parameter changes."""
        return self.event(at_s, ParameterSet(name, value))

    def clock(self, from_s: float, beats: float, tempo_bpm: float) -> World:
        """A steady MIDI clock for so many beats."""
        for pulse in range(round(beats * 24)):
            self.midi(from_s + pulse * 60.0 / tempo_bpm / 24, Clock())
        return self

    def until(self, moment_s: float) -> World:
        """Let time pass."""
        self.driver.run(moment_s)
        return self

    def close(self) -> World:
        """End the session."""
        self.driver.close()
        return self

    # What was to be heard

    @property
    def sent(self) -> list[Sent]:
        """Everything that went out."""
        return self.driver.sent

    def score(self) -> list[tuple[float, str, int]]:
        """What went out, in milliseconds: (moment, on or off, pitch); without the metronome."""
        written = []
        for sent in self.sent:
            if sent.port != METRONOME_PORT and isinstance(sent.message, NoteOn | NoteOff):
                word = "on" if isinstance(sent.message, NoteOn) else "off"
                written.append((round(sent.actual_s, 3), word, sent.message.pitch))
        return written

    def onsets(self) -> list[tuple[float, int]]:
        """The note-ons that went out: (moment, pitch)."""
        return [(moment, name) for moment, word, name in self.score() if word == "on"]

    def of(self, kind: type[Wanted]) -> list[Wanted]:
        """All actions of one kind."""
        return [action for _, action in self.diary.actions if isinstance(action, kind)]

    def states(self) -> list[str]:
        """The states the turns went through."""
        return [changed.state for changed in self.of(TurnStateChanged)]

    def faults(self) -> list[str]:
        """The kinds of faults that were reported."""
        return [fault.kind for fault in self.of(Fault)]

    def texts(self) -> list[str]:
        """What the faults said."""
        return [fault.text for fault in self.of(Fault)]


def sounding(sent: Sequence[Sent]) -> set[tuple[str, int, int]]:
    """The keys that sound at the end. Raises AssertionError where a key is struck twice, or released unstruck."""
    keys: set[tuple[str, int, int]] = set()
    for item in sent:
        match item.message:
            case NoteOn(channel, key):
                assert (item.port, channel, key) not in keys, f"{item} strikes a key that sounds"
                keys.add((item.port, channel, key))
            case NoteOff(channel, key):
                assert (item.port, channel, key) in keys, f"{item} releases a key that is silent"
                keys.discard((item.port, channel, key))
    return keys
