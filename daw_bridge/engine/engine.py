"""The player's mind: events in, actions out, time as an argument.

The same engine plays live, offline and in tests; whoever drives it feeds what comes in, carries out what comes back,
and returns no later than the deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from daw_bridge.engine.clock_out import CLOCK_PORT, ClockOut
from daw_bridge.engine.controllers import FEEDBACK, Controllers, Wish
from daw_bridge.engine.conversation import Conversation
from daw_bridge.engine.counts import Counts
from daw_bridge.engine.events import (
    Action,
    AnswerArrived,
    AnswerFailed,
    Auditioned,
    Event,
    Fault,
    LinkAsked,
    LinkReported,
    MidiArrived,
    ParameterChanged,
    ParameterSet,
    Performed,
    PlayerLeft,
    PortLost,
    PortReturned,
    Send,
    Step,
    TierReady,
    TransportChanged,
)
from daw_bridge.engine.feedback import EchoGuard
from daw_bridge.engine.ledger import Voice
from daw_bridge.engine.metronome import METRONOME_PORT, Metronome
from daw_bridge.engine.output import Output
from daw_bridge.engine.parameters import ROUTING, Value
from daw_bridge.engine.port_keys import in_number, out_number
from daw_bridge.engine.routing import Router
from daw_bridge.engine.sensing import ActiveSensing
from daw_bridge.engine.thru import THRU, Thru, passed_to
from daw_bridge.engine.tiers import Tiers
from daw_bridge.engine.transport import Transport
from daw_bridge.engine.values import EngineSettings, Values
from daw_bridge.music.messages import (
    Clock,
    Continue,
    ControlChange,
    Message,
    NoteOff,
    NoteOn,
    Other,
    ProgramChange,
    SongPosition,
    Start,
    Stop,
)

__all__ = ["Engine", "EngineSettings", "EngineState"]

MOST_STEPS_AT_ONCE: Final = 1000
"""A moment that takes more steps than this is a fault of ours: better a new engine than a thread that never returns."""
_PORT_WORDS: Final = {
    FEEDBACK: "feedback",
    CLOCK_PORT: "clock",
    METRONOME_PORT: "metronome",
}
"""The ports beside those that are listened to and those that answers go to."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """A picture of the engine for screens. `beat` counts from the start of the song."""

    state: str
    turn: int
    looping: bool
    sounding: int
    rolling: bool
    beat: float
    tempo_bpm: float
    locked: bool
    clock: str
    counts: Counts


class Engine:
    """One instrument. Not for several threads at once."""

    def __init__(self, settings: EngineSettings) -> None:
        self._values = Values(settings.values)
        self._actions: list[Action] = []
        self._now_s = float("-inf")
        self._handed_s = float("-inf")
        self._router = Router(self._values)
        self._outputs = frozenset(self._router.out_keys)
        self._output = Output(self._emit, self._released, self._router.out_keys)
        self._transport = Transport(self._values.word("clock"), self._values.number("tempo"), self._emit)
        self._transport.count_position_in(self._values.word("song_position"))
        self._transport.ahead_s = self._ahead_s
        self._clock_out = ClockOut(self._transport, self._emit) if self._values.word("clock_port") else None
        self._metronome = Metronome(self._transport, self._values, self._emit)
        self._tiers = Tiers(settings.levels)
        self._conversation = Conversation(
            self._values, self._router, self._transport, self._output, self._tiers, settings.seed, self._emit
        )
        self._thru = Thru(self._output, self._router)
        self._echo = EchoGuard()
        self._sensing = ActiveSensing()
        self._controllers = Controllers(settings.mappings, settings.presets, self._values, self._emit)

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The values in force, live."""
        return self._values.all

    @property
    def settings(self) -> EngineSettings:
        """What another engine needs to go on in this one's place: values, mappings and presets as they are now."""
        controllers = self._controllers
        levels = self._tiers.levels
        return EngineSettings(dict(self._values.all), controllers.mappings, controllers.presets, levels)

    @property
    def state(self) -> EngineState:
        """How things stand."""
        conversation, transport = self._conversation, self._transport
        return EngineState(
            conversation.state.value,
            conversation.turn,
            conversation.looping,
            self._output.sounding,
            transport.rolling,
            transport.beat_at(self._now_s) if transport.rolling else 0.0,
            transport.tempo_bpm,
            transport.locked,
            transport.source,
            conversation.counts,
        )

    def feed(self, event: Event, now_s: float) -> Step:
        """Something came in at `now_s`. What was due before is done first; time never goes back."""
        self._run_to(now_s)
        match event:
            case MidiArrived(message, port):
                self._midi(message, port)
            case AnswerArrived():
                self._conversation.arrived(event)
            case AnswerFailed():
                self._conversation.failed(event)
            case TierReady(level, resting):
                self._tiers.join(level, resting=resting)
            case ParameterSet(name, value):
                self._set(name, value)
            case Performed(action):
                self._perform(action)
            case Auditioned(channel, pitch, velocity, duration_s):
                self._output.strike(THRU, NoteOn(channel, pitch, velocity), self._now_s, self._now_s + duration_s)
            case LinkReported():
                self._transport.report_link(event, self._now_s)
            case PortLost(port):
                self._lose(port)
            case PortReturned(port):
                self._regain(port)
            case PlayerLeft(port):
                self._sensing.forget(port)
                self._unplug(port)
            case _:
                self._fulfil(self._controllers.feed(event, self._now_s))
        self._tick(self._now_s)
        return self._step()

    def advance(self, now_s: float) -> Step:
        """Nothing came in, but time has passed."""
        self._run_to(now_s)
        self._tick(self._now_s)
        return self._step()

    def close(self, now_s: float) -> Step:
        """The session ends: everything that sounds is released."""
        self._now_s = self._handed_s = max(now_s, self._now_s)
        self._conversation.close(self._now_s)
        self._thru.release(self._now_s)
        self._output.release_all(self._now_s)
        self._metronome.regain_port(self._now_s)
        self._controllers.close(self._now_s)
        return Step(self._taken(), None)

    # Time

    def _run_to(self, now_s: float) -> None:
        """Do everything that was due before `now_s`, each thing at its own moment."""
        self._handed_s = max(now_s, self._now_s)
        standing = 0
        while (deadline_s := self._deadline_s()) is not None and deadline_s < now_s:
            standing = 0 if deadline_s > self._now_s else standing + 1
            if standing > MOST_STEPS_AT_ONCE:
                raise RuntimeError(f"what was due at {deadline_s} s is never done")
            self._now_s = max(deadline_s, self._now_s)
            self._tick(self._now_s)
        self._now_s = self._handed_s

    def _tick(self, now_s: float) -> None:
        for port in self._sensing.silent(now_s):
            self._unplug(port)
            self._emit(Fault("port", f"nothing more comes from the keyboard on the {self._port_words(port)}"))
        self._transport.advance(now_s)
        if self._clock_out is not None:
            self._clock_out.advance(now_s)
        self._metronome.advance(now_s, self._handed_s)
        self._output.advance(now_s)
        self._thru.advance(now_s)
        self._conversation.advance(now_s, self._handed_s)
        # A note may have been struck whose end is due already.
        self._output.advance(now_s)

    def _deadline_s(self) -> float | None:
        moments = (
            self._transport.deadline_s,
            self._sensing.next_s,
            None if self._clock_out is None else self._clock_out.next_s,
            self._metronome.next_s,
            self._output.next_s,
            self._thru.next_s,
            self._conversation.deadline_s(),
        )
        return min((moment for moment in moments if moment is not None), default=None)

    def _step(self) -> Step:
        self._controllers.announce(self._now_s)
        return Step(self._taken(), self._deadline_s())

    def _taken(self) -> tuple[Action, ...]:
        actions = tuple(self._actions)
        self._actions.clear()
        return actions

    # What comes in

    def _midi(self, message: Message, port: str) -> None:
        now_s = self._now_s
        if self._sensing.heard(port, message, now_s):
            return
        taken = self._controllers.take(message, now_s)
        if taken.consumed:
            self._fulfil(taken.wishes)
            return
        match message:
            case NoteOn(channel, pitch):
                way = self._router.way(port, channel, pitch)
                if not (way.listen or way.thru):
                    return
                if self._echo.is_echo(port, message, now_s):
                    text = self._echo.to_report(now_s)
                    if text is not None:
                        self._emit(Fault("feedback", text))
                    return
                # First the answer falls silent, then the key sounds.
                if way.listen:
                    self._conversation.strike(port, message, now_s, way.route)
                self._thru.strike(port, message, way, now_s)
            case NoteOff():
                # A key that was down when the channel was changed must come up: no filter here.
                if not self._echo.is_echo_off(port, message):
                    self._conversation.lift(port, message, now_s)
                    self._thru.lift(port, message, now_s)
            case ControlChange(channel):
                if any(way.listen for way in self._router.ways(port, channel)):
                    self._conversation.control(port, message, now_s)
                self._pass(port, message, channel)
            case ProgramChange(channel):
                self._pass(port, message, channel)
            case Other(data) if data:
                self._pass(port, message, data[0] & 0x0F if data[0] < 0xF0 else None)
            case Clock() | Start() | Continue() | Stop() | SongPosition():
                self._transport.feed(message, now_s)

    def _pass(self, port: str, message: Message, channel: int | None) -> None:
        """Pass on what has no key; without a channel it goes wherever the table's thru leads."""
        places = passed_to(self._router.ways(port, channel or 0), channel or 0)
        if channel is None:
            places = frozenset((out, 0) for out, _ in places)
        if self._thru.control(port, message, places, self._now_s):
            self._emit(Fault("flood", "more controllers came in than can be passed on: some are left out"))

    def _fulfil(self, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            match wish:
                case ParameterSet(name, value):
                    self._set(name, value)
                case Performed(action):
                    self._perform(action)

    def _set(self, name: str, value: object) -> None:
        try:
            held = self._values.set(name, value)
        except ValueError as error:
            self._emit(Fault("parameter", str(error)))
            return
        match name:
            case "tempo":
                self._set_tempo()
            case "latency_ms":
                self._transport.ahead_s = self._ahead_s
            case "clock":
                self._transport.want(self._values.word("clock"), self._now_s)
            case "song_position":
                self._transport.count_position_in(self._values.word("song_position"))
        if name in ROUTING:
            self._reroute(name)
        self._conversation.settings_changed()
        self._emit(ParameterChanged(name, held))
        self._controllers.show(name, held, self._now_s)

    def _reroute(self, name: str) -> None:
        self._router.changed()
        self._thru.rerouted(self._now_s)
        field = name.rpartition("/")[2]
        if field in ("program", "out_channel", "out_port"):
            self._output.forget_programs()
            self._choose_programs()
        named = self._values.whole(name) if field.endswith("_port") else 0
        there = len(self._router.inputs if field == "in_port" else self._router.outputs)
        if named > there:
            word = "input" if field == "in_port" else "output"
            ports = f"is only one {word} port" if there == 1 else f"are only {there} {word} ports"
            cure = "" if field == "in_port" else "; the first one plays"
            self._emit(Fault("route", f"{name} is {named}, but there {ports}{cure}"))

    @property
    def _ahead_s(self) -> float:
        return max(self._values.number("latency_ms"), 0.0) / 1000.0

    def _set_tempo(self) -> None:
        tempo_bpm = self._values.number("tempo")
        self._transport.set_tempo(tempo_bpm, self._now_s)
        if self._transport.source == "link":
            self._emit(LinkAsked(tempo_bpm=tempo_bpm))

    def _perform(self, action: str) -> None:
        now_s, conversation = self._now_s, self._conversation
        match action:
            case "take_turn":
                conversation.take_turn(now_s)
            case "stop":
                conversation.stop(now_s)
            case "panic":
                conversation.silence(now_s)
                self._output.panic(now_s)
                self._thru.forget()
                self._metronome.release(now_s)
            case "loop":
                conversation.loop(now_s)
            case "vary":
                conversation.vary(now_s)
            case "keep":
                conversation.keep()
            case "undo":
                conversation.undo(now_s)
            case "start" | "halt" | "continue" if self._transport.source == "link":
                self._emit(LinkAsked(playing=action != "halt"))
            case "start":
                bars = self._values.whole("count_in")
                self._transport.start(now_s, bars * self._values.bar_beats)
            case "halt":
                self._transport.halt(now_s)
            case "continue":
                self._transport.go_on(now_s)
            case "tap":
                tempo_bpm = self._transport.tap(now_s)
                if tempo_bpm is not None:
                    self._set("tempo", tempo_bpm)
            case _:
                self._emit(Fault("action", f"there is no action {action!r}"))

    def _lose(self, port: str) -> None:
        if port in self._outputs:
            self._output.lose_port(port)
        elif port == METRONOME_PORT:
            self._metronome.lose_port()
        elif port not in _PORT_WORDS:
            self._sensing.forget(port)
            self._unplug(port)
        self._emit(Fault("port", f"the {self._port_words(port)} is gone; waiting for it to return"))

    def _unplug(self, port: str) -> None:
        """No note-off can come from this input any more."""
        self._conversation.unplug(port, self._now_s)
        self._thru.unplug(port, self._now_s)

    def _regain(self, port: str) -> None:
        if port in self._outputs:
            self._output.regain_port(self._now_s, port)
            self._choose_programs()
        elif port == METRONOME_PORT:
            self._metronome.regain_port(self._now_s)
        self._emit(Fault("port", f"the {self._port_words(port)} is back"))

    def _port_words(self, port: str) -> str:
        """What a player calls a port; by name where there are several."""
        outputs, inputs = self._router.outputs, self._router.inputs
        if port in self._outputs:
            return "output port" if len(outputs) == 1 else f'output port "{outputs[out_number(port) - 1]}"'
        if port in _PORT_WORDS:
            return f"{_PORT_WORDS[port]} port"
        return "input port" if len(inputs) == 1 else f'input port "{inputs[in_number(port) - 1]}"'

    # What goes out

    def _emit(self, action: Action | Fault | TransportChanged) -> None:
        if isinstance(action, Send) and action.port in self._outputs and isinstance(action.message, NoteOn):
            self._echo.sent(action.message, self._handed_s, thru=action.turn == THRU, port=action.port)
        self._actions.append(action)

    def _choose_programs(self) -> None:
        """Choose the sounds of answers where their channel is known before they begin."""
        for way in self._router.fixed_answers():
            self._output.choose_program(way.program, way.out_channel - 1, self._now_s, port=way.out)

    def _released(self, voice: Voice, now_s: float) -> None:
        self._conversation.responder.released(voice, now_s)
