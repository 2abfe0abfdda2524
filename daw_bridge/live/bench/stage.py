"""Where a scene is played: in this process on memory ports, or between three processes on a JACK server of our own."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.errors import BridgeError
from daw_bridge.io.jack_private import private_jack
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.live.bench.company import company
from daw_bridge.live.bench.log import BridgeLog
from daw_bridge.live.bench.players import musician
from daw_bridge.live.bench.scene import GAP_S, Conditions, Measured, measured, settings_of
from daw_bridge.live.player import Heard, Performance
from daw_bridge.live.wiring import Bridge, Tier

SERVERS: Final = ("ordinary", "raised", "waiting", "realtime")
"""Kinds of JACK server: asynchronous at an ordinary or a raised priority, synchronous, or with `-R`."""

TURN_LIMIT_S: Final = 12.0
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 15.0
PLAYER: Final = "daw_bridge.cli.bench_player"
WARM_LINE: Final = "aiart-bridge: model "
_LOOK_S: Final = 0.05


def over_memory(conditions: Conditions, tier: Tier, turns: int) -> Measured:
    """The player is a thread of this process: the bridge alone, without any driver. Raises BridgeError."""
    bus = MemorySystem()
    log = BridgeLog()
    bridge = Bridge(settings_of(conditions.scene, tier.continuer.name, "memory"), system=bus)
    bridge.observe(log)
    player = musician(conditions.scene, bus.keyboard("AI In"), bus.ear("AI Out"), GAP_S)
    found: list[Performance] = []
    bridge.start(tier)
    try:
        with company(conditions.busy, None):
            thread = threading.Thread(target=lambda: found.append(player.perform(turns)), name="player", daemon=True)
            thread.start()
            thread.join(TURN_LIMIT_S * turns)
    finally:
        bridge.stop()
    if not found:
        raise BridgeError("the player did not come to an end", where="bench over memory")
    return measured(conditions, found[0], log, bridge.faults)


def over_jack(conditions: Conditions, model: str, turns: int, tiers: int = 1) -> Measured:
    """Server, bridge and player are processes of their own; the bridge's side is read from its take.

    `tiers` models answer for `model`: the music begins when all of them are warm. Raises BridgeError when
    one of the processes fails, MissingPartError when one cannot be had.
    """
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="aiart-bench-")))
        opened.enter_context(
            private_jack(
                conditions.period or 128,
                synchronous=conditions.server == "waiting",
                real_time=conditions.server == "realtime",
                raised=conditions.server == "raised",
            )
        )
        with contextlib.ExitStack() as beside:
            osc_port = beside.enter_context(_bridge(settings_of(conditions.scene, model, "jack"), folder))
            _await_models(folder, tiers)
            beside.enter_context(company(conditions.busy, osc_port if conditions.screen else None))
            heard = _player(conditions, turns)
        (take,) = folder.glob("*.take")
        return measured(conditions, heard, BridgeLog.of_take(take))


@contextlib.contextmanager
def _bridge(settings: dict[str, Value], folder: Path) -> Iterator[int]:
    """The bridge as its users start it, on default ports; gives its OSC port, and has ended after the block."""
    file = folder / "settings.toml"
    changed = {name: value for name, value in settings.items() if value != defaults()[name]}
    kept = {**changed, "takes_dir": str(folder), "osc_port": 0}
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in kept.items()), "utf-8")
    command = [sys.executable, "-m", "daw_bridge", "--config", str(file)]
    with (
        (folder / "stderr").open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            yield _ready(process, folder)
            process.send_signal(signal.SIGTERM)
            if process.wait(STOP_LIMIT_S):
                raise BridgeError(f"the bridge failed ({_last_line(folder)})", where="bench over JACK")
        finally:
            if process.poll() is None:
                process.kill()


def _ready(process: subprocess.Popen[bytes], folder: Path) -> int:
    """Wait for the ready line; returns the OSC port that it names."""
    assert process.stdout is not None
    killer = threading.Timer(START_LIMIT_S, process.kill)
    killer.start()
    line = process.stdout.readline().decode()
    killer.cancel()
    if not line.startswith("ready"):
        raise BridgeError(f"the bridge does not start ({_last_line(folder)})", where="bench over JACK")
    return int(line.rsplit(":", 1)[1])


def _await_models(folder: Path, count: int) -> None:
    """Wait until the bridge has told of so many models; it says a line of each that has become warm."""
    give_up_s = time.monotonic() + START_LIMIT_S
    while (folder / "stderr").read_text("utf-8", "replace").count(WARM_LINE) < count:
        if time.monotonic() > give_up_s:
            raise BridgeError(f"not all models get warm ({_last_line(folder)})", where="bench over JACK")
        time.sleep(_LOOK_S)


def _last_line(folder: Path) -> str:
    lines = (folder / "stderr").read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _player(conditions: Conditions, turns: int) -> Performance:
    """What the other process heard; beside an ordinary server it is a program like any other."""
    command = [sys.executable, "-m", PLAYER, "--scene", conditions.scene, "--turns", str(turns), "--gap-s", str(GAP_S)]
    if conditions.server == "ordinary":
        command.append("--plain")
    limit_s = START_LIMIT_S + TURN_LIMIT_S * turns
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise BridgeError("the player did not come to an end", where="bench over JACK") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BridgeError(f"the player's process failed ({last})", where="bench over JACK")
    return performance_of(json.loads(done.stdout))


def performance_of(told: Mapping[str, Any]) -> Performance:
    """A performance as another process has told it."""
    return Performance(**{**told, "turns": [Heard(**turn) for turn in told["turns"]]})
