"""A real control server whose engine is a script: what a screen is tested and photographed against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from daw_bridge.control.server import BridgeInfo, ControlServer
from daw_bridge.engine import events
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.values import Values
from daw_bridge.music.messages import NoteOn
from daw_bridge.music.notes import Note

CALL: Final = (
    (0.0, 62, 0.42, 88), (0.0, 50, 1.5, 70), (0.45, 65, 0.2, 76), (0.68, 67, 0.2, 80), (0.9, 69, 0.62, 104),
    (0.9, 53, 0.6, 66), (1.55, 72, 0.3, 96), (1.55, 57, 1.4, 60), (1.9, 70, 0.22, 84), (2.15, 69, 0.2, 78),
    (2.38, 67, 0.22, 72), (2.62, 65, 0.8, 90), (2.62, 62, 0.8, 62), (2.62, 46, 0.8, 74),
)  # fmt: skip
RESPONSE: Final = (
    (3.9, 69, 0.3, 92), (3.9, 55, 0.9, 64), (4.22, 72, 0.2, 84), (4.45, 74, 0.2, 88), (4.68, 76, 0.55, 110),
    (4.82, 60, 0.85, 60), (4.82, 64, 0.85, 56), (5.28, 77, 0.2, 98), (5.5, 76, 0.2, 80), (5.72, 74, 0.35, 86),
    (5.72, 58, 1.1, 62), (6.1, 72, 0.2, 74), (6.32, 70, 0.2, 70), (6.55, 69, 0.6, 82), (6.85, 57, 0.9, 66),
    (6.85, 65, 0.7, 58), (7.2, 74, 0.22, 90), (7.45, 72, 0.5, 76),
)  # fmt: skip


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


class ScriptedBridge:
    """Answers parameters, learning and presets as the engine would; `perform` plays a turn."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.origin_s = clock.now_s
        self.submitted: list[events.Event] = []
        self.values = dict(Values({}).all)
        self.mappings: dict[str, events.ControllerMap] = {}
        self.presets: list[str] = []
        self.current = ""
        self._marks = 0
        self.server = ControlServer(
            "127.0.0.1",
            0,
            "",
            submit=self.submit,
            values=lambda: self.values,
            info=BridgeInfo("0.1.0", "jack", "lstm", (("in", "AI In"), ("out", "AI Out"))),
            clock=clock,
        )
        self.server.start()

    def stop(self) -> None:
        """End the server."""
        self.server.stop()

    def submit(self, event: events.Event) -> None:
        """What the server hands to the engine."""
        self.submitted.append(event)
        match event:
            case events.ParameterSet(name, value):
                self.values[name] = value
                self.say(events.ParameterChanged(name, value))
            case events.LearnStarted(target):
                self.say(events.MappingsChanged(tuple(self.mappings.values()), target))
            case events.LearnStopped():
                self.say(events.MappingsChanged(tuple(self.mappings.values())))
            case events.MappingSet(mapping):
                self.mappings[mapping.target] = mapping
                self.say(events.MappingsChanged(tuple(self.mappings.values())))
            case events.MappingRemoved(target):
                self.mappings.pop(target, None)
                self.say(events.MappingsChanged(tuple(self.mappings.values())))
            case events.PresetSaved(name):
                self.current = name
                self.presets = [*(item for item in self.presets if item != name), name]
                self._tell_presets()
            case events.PresetRecalled(name):
                self.current = name
                self._tell_presets()
            case events.PresetRemoved(name):
                self.presets.remove(name)
                self._tell_presets()
            case events.MidiArrived(message):
                self.server.heard(event, self.clock())
                if isinstance(message, NoteOn):
                    self.say(events.KeyStruck(message, 0))

    def _tell_presets(self) -> None:
        self.say(events.PresetsChanged(tuple((name, ()) for name in self.presets), self.current))

    def say(self, *actions: events.Action | events.Sent) -> None:
        """The engine did these."""
        self.server.done(actions, self.clock())

    def mark(self) -> float:
        """Say something that is never seen; returns its onset, by which it is known to have come over."""
        self._marks += 1
        onset_s = self.origin_s - 30.0 - 0.1 * self._marks
        self.say(events.NotePlayed(Note(onset_s, 0, 0.1, 1), 0))
        return onset_s - self.origin_s

    def perform(self, turn: int = 7, until_s: float = 8.0) -> None:
        """A call and its answer, as far as `until_s` seconds after the bridge's start; the clock goes there."""
        self.say(events.TransportChanged(True, 0.0, 112.0, True, "midi"))
        self.clock.now_s = self.origin_s + until_s
        self.say(events.TurnStateChanged("listening", turn))
        for note in self._notes(CALL, until_s):
            self.server.heard(events.MidiArrived(NoteOn(0, note.pitch, note.velocity)), note.onset_s)
            self.server.done((events.KeyStruck(NoteOn(0, note.pitch, note.velocity), turn),), note.onset_s)
            if note.end_s <= self.clock.now_s:
                self.say(events.NoteHeard(note, turn))
        if until_s >= RESPONSE[0][0]:
            self._answer(turn, until_s)
        beat = until_s * 112.0 / 60.0
        self.say(events.TransportChanged(True, float(int(beat)), 112.0, True, "midi"))

    def _answer(self, turn: int, until_s: float) -> None:
        over_s = self.origin_s + RESPONSE[0][0]
        self.say(
            events.Ask(turn, turn, (), over_s, over_s + 4.0, 1, SamplingControls(), speculative=True),
            events.TurnCalled(turn, turn, (), (), over_s, over_s, 1, SamplingControls(), 1.0, False),
            events.TurnStreamed(turn, turn, 0, (), SamplingControls(), "lstm", 0.0021),
            events.TurnStateChanged("answering", turn),
        )
        for index, note in enumerate(self._notes(RESPONSE, until_s)):
            on_s = note.onset_s + (0.0038 if index == 0 else 0.0)
            self.say(events.Sent(NoteOn(0, note.pitch, note.velocity), note.onset_s, on_s, turn))
            if note.end_s <= self.clock.now_s:
                self.say(events.NotePlayed(note, turn))

    def _notes(self, score: Iterable[tuple[float, int, float, int]], until_s: float) -> list[Note]:
        return [
            Note(self.origin_s + onset_s, pitch, duration_s, velocity)
            for onset_s, pitch, duration_s, velocity in score
            if onset_s < until_s
        ]

    def latencies(self, values_ms: Iterable[float]) -> None:
        """Earlier answers with these latencies."""
        for turn, value_ms in enumerate(values_ms, start=100):
            at_s = self.clock()
            self.say(
                events.Ask(turn, turn, (), at_s, at_s + 4.0, 1, SamplingControls(), speculative=True),
                events.TurnCalled(turn, turn, (), (), at_s, at_s, 1, SamplingControls(), 1.0, False),
                events.Sent(NoteOn(0, 60, 1), at_s, at_s + value_ms / 1000.0, turn, "past"),
                events.NotePlayed(Note(at_s - 50.0, 60, 0.1, 1), turn),
            )
