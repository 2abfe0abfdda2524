"""`aiart-bridge`: run the instrument until Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import gc
import queue
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from daw_bridge.cli.output import note
from daw_bridge.cli.run_models import Latecomers, files_of_tiers, opening_level, too_slow_ms
from daw_bridge.errors import BridgeError, UsageError

if TYPE_CHECKING:
    from daw_bridge.cli.settings import Settings
    from daw_bridge.engine.events import ControllerMap, Fault
    from daw_bridge.engine.presets import Values as PresetValues
    from daw_bridge.live.wiring import Bridge, Tier

_LOOK_S: Final = 0.5


class _StoppedError(BaseException):
    """The user wants to stop while the bridge is still starting; no fault that anything on the way may take it for."""


def run(settings: Settings, debug: bool) -> int:
    """Start, say the ready line, play until a signal, release everything. Returns the exit status."""
    del debug
    # What a start makes stays: looking through it for garbage takes a tenth of the time.
    gc.disable()
    with _signals() as stop:
        try:
            return _play(settings, stop)
        except _StoppedError:
            return 0
        finally:
            gc.enable()


def _play(asked: Settings, stop: _Signals) -> int:
    from daw_bridge.cli.run_faults import FaultTeller
    from daw_bridge.cli.run_synth import SynthFollower, open_synths
    from daw_bridge.control.server import BridgeInfo, ControlServer
    from daw_bridge.io.priority import raised_helpers
    from daw_bridge.io.systems import choose_system
    from daw_bridge.io.takes import TakeRecorder, identify_model, takes_folder
    from daw_bridge.live.wiring import Bridge, open_model

    settings = dict(asked.values)
    mappings, presets = _saved(asked)
    with contextlib.ExitStack() as opened:
        # What is missing here is said before programs are built, which takes a while at the first start.
        system = choose_system(str(settings["midi_api"]))
        opened.callback(system.close)
        with stop.at_once():
            files = files_of_tiers(str(settings["model"]))
        synths = open_synths(settings, _notice)
        bridge = Bridge(settings, system=system, copies=synths, mappings=mappings, presets=presets)
        opened.callback(bridge.stop)
        stop.check()
        with stop.at_once():
            models = [open_model(file.program) for file in files]
            level = opening_level(str(settings["model"]), len(models))
            opening = models[level].warm()
        later = [(place, model) for place, model in enumerate(models) if place != level]
        late = Latecomers(later, _admitting(bridge, asked))
        opened.callback(late.close)
        server = ControlServer(
            str(settings["osc_host"]),
            int(settings["osc_port"]),
            str(settings["osc_peers"]),
            submit=bridge.submit,
            values=bridge.values,
            info=BridgeInfo(
                program=_version(),
                api=bridge.system.api,
                model=models[0].name,
                connections=bridge.connections,
            ),
            keep=_keeper(asked, bridge.report),
        )
        opened.callback(server.stop)
        identity, *others = (
            identify_model(model.name, file.weights) for model, file in zip(models, files, strict=True)
        )
        with raised_helpers():
            recorder = TakeRecorder.open(
                takes_folder(settings), bridge.settings, identity, bridge.report, tuple(others)
            )
        # The playing stops first: the take and the screens still see the last note-offs.
        opened.callback(recorder.close)
        teller = FaultTeller()
        opened.callback(teller.close)
        opened.callback(bridge.stop)
        bridge.observe(recorder)
        bridge.observe(teller)
        bridge.observe(server)
        for synth in synths:
            bridge.observe(SynthFollower(synth))
        bridge.start(opening, level=level)
        with raised_helpers():
            server.start()
            teller.start()
        _notice(f"model {_speed(opening)}; seed {bridge.settings['seed']}; take {recorder.file}")
        if not bridge.real_time:
            _notice("no real-time priority here, a busy machine may be heard; `aiart-bridge doctor` says how to get it")
        if bridge.system.ordinary:
            _notice("this JACK server has no real-time priority and drops MIDI when it is busy: start it with -R or -S")
        print(bridge.ready_line(opening, server.address), flush=True)
        late.start()
        while not stop.wait(_LOOK_S):
            if not bridge.running:
                raise BridgeError(
                    "the playing thread ended by itself", cure="report this with the take of this session"
                )
    return 0


def _saved(asked: Settings) -> tuple[tuple[ControllerMap, ...], tuple[tuple[str, PresetValues], ...]]:
    """The controllers and presets of the settings file. Raises UsageError naming the one that is wrong."""
    from daw_bridge.engine.mapping_table import mappings_of
    from daw_bridge.engine.presets import presets_of

    try:
        return mappings_of(asked.midi_map), presets_of(asked.presets)
    except ValueError as error:
        raise UsageError(str(error), where=str(asked.file), cure="correct or remove it") from None


def _keeper(asked: Settings, report: Callable[[Fault], None]) -> Callable[[str, Any], None]:
    """Saves controllers, presets and routes in the settings file when they change; tells if it cannot be written."""
    from daw_bridge.cli.settings_file import save_section
    from daw_bridge.engine.events import Fault

    saved: dict[str, Any] = {"midi_map": asked.midi_map, "presets": asked.presets, "route": None}

    def keep(section: str, table: Any) -> None:
        if saved[section] == table:
            return
        try:
            save_section(asked.file, section, table)
        except BridgeError as error:
            report(Fault("settings", str(error)))
        else:
            saved[section] = table

    return keep


def _admitting(bridge: Bridge, asked: Settings) -> Callable[[int, Tier | Exception], None]:
    """Lets a model that has become warm take its place. One that `auto` found too slow waits for a quieter moment."""
    from daw_bridge.engine.events import Fault
    from daw_models.weights_file import AUTO

    budget_ms = float(asked.values["budget_ms"])

    def admit(level: int, tier: Tier | Exception) -> None:
        if isinstance(tier, Exception):
            bridge.report(Fault("model", f"a model cannot be used: {tier}"))
            return
        slow_ms = too_slow_ms(tier, budget_ms) if asked.values["model"] == AUTO else None
        bridge.join(tier, level, resting=slow_ms is not None)
        if slow_ms is not None:
            place = f"its first note takes {slow_ms:.0f} of the {budget_ms:g} ms allowed: tried again while you play"
        else:
            place = "answers when the one before it is late" if level else "answers from now on"
        _notice(f"model {_speed(tier)}; {place}")

    return admit


def _speed(tier: Tier) -> str:
    return f"{tier.continuer.name}, {tier.note_s * 1000:.2f} ms a note" if tier.note_s else tier.continuer.name


def _notice(text: str) -> None:
    note(f"aiart-bridge: {text}")


def _version() -> str:
    from daw_bridge.cli.main import version

    return version()


class _Signals:
    """Whether the user wants to stop."""

    def __init__(self) -> None:
        self._wanted = False
        self._at_once = False
        # Not an Event: its `set` in a handler that interrupts its `wait` waits for ever for the lock of that wait.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        # The first get of a new queue takes its lock, and then waits for ever if its time has meanwhile run out
        # (CPython 3.11): have that behind us while nobody waits.
        with contextlib.suppress(queue.Empty):
            self._wake.get_nowait()

    def raise_flag(self, _number: int, _frame: FrameType | None) -> None:
        """The handler."""
        self._wanted = True
        self._wake.put(None)
        if self._at_once:
            self._at_once = False
            raise _StoppedError

    def wait(self, timeout_s: float) -> bool:
        """Wait for the wish, at most so long."""
        if not self._wanted:
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=timeout_s)
        return self._wanted

    def check(self) -> None:
        """Raise _StoppedError if the wish is there."""
        if self._wanted:
            raise _StoppedError

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise _StoppedError in the middle of the block: it takes seconds, and leaves nothing behind that matters."""
        self._at_once = True
        try:
            self.check()
            yield
        finally:
            self._at_once = False


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    """Turn SIGINT, SIGTERM and a closed terminal into a wish to stop, while the block runs."""
    flag = _Signals()
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, flag.raise_flag) for number in numbers}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
