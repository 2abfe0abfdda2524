"""Ardour leads, the bridge answers: call on bars 1-2, answer recorded on bars 3-4, start offset and note count printed.

    python scripts/ardour_bars.py [--tempo 120] [--bars 2] [--rounds 1] [--model NAME] [--period 128] [--json]

On a private JACK server Ardour plays the call from one track, sends its MIDI clock to the bridge (`--mode bars --clock
midi`) and records what comes back on a second track. Exit status 1 when a round stays without an answer or the answer
spills out of its bars. Needs: ardour, jackd2 and a C compiler (Debian: apt-get install ardour jackd2 gcc libc6-dev).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from daw_bridge.errors import BridgeError, MissingPartError
from daw_bridge.io.jack_private import private_jack

HERE = Path(__file__).resolve().parent / "ardour"
BEATS = 4
DAW_LIMIT_S = 180.0
CLOCK_PORT = "ardour:MIDI Clock out"


@dataclass(frozen=True)
class Played:
    """A note of Ardour's timeline, in beats from its beginning."""

    pitch: int
    beat: float
    beats: float
    velocity: int


@dataclass(frozen=True)
class Round:
    """One call and its answer. `offset_ms` is how far from the bar line the answer begins; None without one."""

    call_notes: int
    answer_notes: int
    offset_ms: float | None
    last_beat_after_line: float | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the session and print. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Ardour leads a round of bars mode.")
    parser.add_argument("--tempo", type=float, default=120.0)
    parser.add_argument("--bars", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--period", type=int, default=128)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    try:
        calls, answers = perform(options)
    except BridgeError as error:
        print(f"ardour_bars: {error}", file=sys.stderr)
        return 1
    rounds = rounds_of(calls, answers, options.bars, options.rounds, options.tempo)
    if options.json:
        print(json.dumps([asdict(each) for each in rounds], indent=2))
    else:
        tell(rounds, options.bars)
    whole = all(each.answer_notes and (each.last_beat_after_line or 0.0) < options.bars * BEATS for each in rounds)
    return 0 if whole else 1


def rounds_of(
    calls: Sequence[Played], answers: Sequence[Played], bars: int, rounds: int, tempo_bpm: float
) -> list[Round]:
    """The notes by their rounds. A note up to half a beat before a line belongs to the bars after it."""
    span = bars * BEATS
    found = []
    for number in range(rounds):
        start, line = 2 * span * number, 2 * span * number + span
        asked = [note for note in calls if start - 0.5 <= note.beat < line - 0.5]
        given = [note for note in answers if line - 0.5 <= note.beat < line + span - 0.5]
        offset_ms = round((min(note.beat for note in given) - line) * 60_000 / tempo_bpm, 2) if given else None
        last = round(max(note.beat + note.beats for note in given) - line, 3) if given else None
        found.append(Round(len(asked), len(given), offset_ms, last))
    return found


def tell(rounds: Sequence[Round], bars: int) -> None:
    """A line for each round."""
    for number, each in enumerate(rounds):
        first = 2 * bars * number + 1
        where = f"bars {first}-{first + bars - 1}: call of {each.call_notes} notes"
        if each.offset_ms is None:
            print(f"{where}; no answer")
            continue
        line = first + bars
        print(
            f"{where}; bars {line}-{line + bars - 1}: {each.answer_notes} notes recorded, the first "
            f"{each.offset_ms:+.2f} ms from the bar line, the last released {each.last_beat_after_line} beats after it"
        )


def perform(options: argparse.Namespace) -> tuple[list[Played], list[Played]]:
    """Let both play; returns the notes of the call and of the answer from Ardour's tracks. Raises BridgeError."""
    ardour = shutil.which("ardour7-lua") or shutil.which("ardour8-lua")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if ardour is None or compiler is None:
        raise MissingPartError(
            "there is no Ardour" if ardour is None else "there is no C compiler",
            where="ardour_bars",
            cure="install them: apt-get install ardour gcc libc6-dev",
        )
    with tempfile.TemporaryDirectory(prefix="aiart-ardour-") as name, private_jack(options.period):
        folder = Path(name)
        shim = folder / "no_port_names.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, HERE / "no_port_names.c"], check=True)
        with _bridge(folder, options):
            told = _ardour(ardour, shim, folder, options)
    rows = [line.split() for line in told.splitlines()]
    notes = {
        label: [Played(int(row[1]), float(row[2]), float(row[3]), int(row[4])) for row in rows if row[:1] == [label]]
        for label in ("CALL", "ANSWER")
    }
    return notes["CALL"], notes["ANSWER"]


@contextlib.contextmanager
def _bridge(folder: Path, options: argparse.Namespace) -> Iterator[None]:
    """The bridge in bars mode on the clock of its input."""
    command = [sys.executable, "-m", "daw_bridge", "--midi-api", "jack", "--model", options.model, "--mode", "bars"]
    command += ["--bars", str(options.bars), "--clock", "midi", "--osc-port", "0", "--seed", "1"]
    command += ["--takes-dir", str(folder / "takes")]
    errors = folder / "bridge.txt"
    with errors.open("wb") as stream, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline().startswith(b"ready"):
                raise BridgeError(f"the bridge does not start ({errors.read_text('utf-8', 'replace').strip()})")
            yield
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        finally:
            if process.poll() is None:
                process.kill()


def _ardour(ardour: str, shim: Path, folder: Path, options: argparse.Namespace) -> str:
    """Run the session, its clock connected to the bridge; returns what it printed."""
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
    arguments = [folder / "session", "AI In", "AI Out", options.tempo, options.bars, options.rounds]
    process = subprocess.Popen(
        [ardour, HERE / "bars.lua", *map(str, arguments)],
        env={**os.environ, **home, "LD_PRELOAD": str(shim)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        _connect_clock(process)
        told, _ = process.communicate(timeout=DAW_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise BridgeError(f"Ardour did not come to an end in {DAW_LIMIT_S:.0f} s", where="ardour_bars") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if "DONE" not in told:
        raise BridgeError(f"Ardour failed: {told.strip().splitlines()[-1:]}", where="ardour_bars")
    return told


def _connect_clock(daw: subprocess.Popen[str]) -> None:
    """Ardour's clock to the bridge's input, as soon as both ports are there."""
    give_up_s = time.monotonic() + 60.0
    while time.monotonic() < give_up_s and daw.poll() is None:
        listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout.splitlines()
        ours = next((port for port in listed if port.endswith(":AI In")), None)
        if ours and CLOCK_PORT in listed:
            subprocess.run(["jack_connect", CLOCK_PORT, ours], capture_output=True, check=False)
            return
        time.sleep(0.2)
    raise BridgeError("Ardour's clock port did not appear", where="ardour_bars")


if __name__ == "__main__":
    sys.exit(main())
