"""`aiart-bridge doctor`: what works on this machine, and the cure for what does not. Never fails itself."""

from __future__ import annotations

import argparse
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.doctor_probes import Finding, ask
from daw_bridge.cli.output import note, print_json
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.errors import BridgeError, UsageError

OK: Final = "ok"
NOTE: Final = "note"
PROBLEM: Final = "problem"
"""States of a check: a note leaves a part of the instrument out, a problem keeps the bridge from running."""

PACKAGES: Final = (
    "aiart-bridge",
    "torch",
    "numpy",
    "python-rtmidi",
    "python-osc",
    "textual",
    "pyfluidsynth",
    "sounddevice",
    "soundfile",
    "pretty_midi",
    "music21",
    "mido",
    "symusic",
    "safetensors",
    "platformdirs",
)
ESSENTIAL: Final = frozenset({"torch", "numpy", "python-rtmidi", "python-osc", "safetensors", "platformdirs"})

_FREE_BYTES: Final = 200_000_000
_PROBE_LIMITS_S: Final = {"midi": 20.0, "models": 240.0, "audio": 30.0, "synth": 20.0, "priority": 10.0, "link": 10.0}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report; `cure` is what to do about a note or a problem."""

    name: str
    state: str
    text: str
    cure: str = ""


def main(argv: Sequence[str]) -> int:
    """Look at everything and say it. Returns 0 when the bridge can run, 1 when it cannot."""
    options = _parser().parse_args(argv)
    checks = examine(options.config)
    able = all(check.state != PROBLEM for check in checks)
    if options.json:
        print_json({"ok": able, "checks": [asdict(check) for check in checks]})
        return 0 if able else 1
    marks = {OK: "ok     ", NOTE: "note   ", PROBLEM: "PROBLEM"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{marks[check.state]}  {check.name.ljust(width)}  {check.text}")
        if check.cure:
            print(f"{'':9}{'':{width}}  cure: {check.cure}")
    print()
    print("the bridge can run here" if able else "the bridge cannot run here before the problems above are cured")
    return 0 if able else 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="aiart-bridge doctor", description=__doc__)
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML)")
    parser.add_argument("--json", action="store_true", help="for scripts")
    return parser


def examine(config: Path | None) -> list[Check]:
    """Every check, in the order in which one would put things right."""
    values, settings = _settings(config)
    with ThreadPoolExecutor(max_workers=2) as pool:
        asked: dict[str, Future[Finding]] = {
            name: pool.submit(ask, name, timeout_s=limit_s) for name, limit_s in _PROBE_LIMITS_S.items()
        }
        if sys.stderr.isatty():
            note("looking at this machine, the models are measured ...")
        found = {name: future.result() for name, future in asked.items()}
    parts: tuple[tuple[str, Callable[[], list[Check]]], ...] = (
        ("Python", _python),
        ("packages", _packages),
        ("settings", lambda: settings),
        ("MIDI", lambda: _midi(found["midi"])),
        ("models", lambda: _models(found["models"], values)),
        ("real time", lambda: _priority(found["priority"])),
        ("Link", lambda: _link(found["link"])),
        ("FluidSynth", lambda: _synth(found["synth"])),
        ("SoundFont", _soundfonts),
        ("audio", lambda: _audio(found["audio"])),
        ("OSC", lambda: _osc(values)),
        ("takes", lambda: _takes(values)),
    )
    return [check for name, part in parts for check in _guarded(name, part)]


def _guarded(name: str, part: Callable[[], list[Check]]) -> list[Check]:
    try:
        return part()
    except Exception as error:  # the doctor says what it met and looks at the rest
        return [Check(name, NOTE, f"could not be looked at ({type(error).__name__}: {error})")]


def by_system(*, linux: str, macos: str, windows: str) -> str:
    """The command for the system we are on."""
    return {"darwin": macos, "win32": windows}.get(sys.platform, f"{linux} (Debian/Ubuntu)")


def _python() -> list[Check]:
    text = f"{platform.python_version()} on {platform.system()} {platform.release()} ({platform.machine()})"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return [Check("Python", OK, text)]
    return [Check("Python", PROBLEM, text, "use Python 3.11 to 3.13: python-rtmidi and torch have no others")]


def _packages() -> list[Check]:
    found: list[str] = []
    missing: list[str] = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    checks = [Check("packages", OK, ", ".join(found))]
    if missing:
        state = PROBLEM if ESSENTIAL & set(missing) else NOTE
        checks.append(Check("packages", state, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}"))
    return checks


def _settings(config: Path | None) -> tuple[Mapping[str, Value], list[Check]]:
    from daw_bridge.cli.settings import load, user_settings_file

    try:
        loaded = load(config, {})
    except UsageError as error:
        return defaults(), [Check("settings", PROBLEM, _where_what(error), error.cure or "")]
    except Exception as error:  # a home folder that cannot be found, say
        return defaults(), [Check("settings", NOTE, f"{type(error).__name__}: {error}")]
    text = str(loaded.file) if loaded.file.is_file() else f"none, defaults hold (would be {user_settings_file()})"
    return loaded.values, [Check("settings", OK, text)]


def _midi(finding: Finding) -> list[Check]:
    if "error" in finding:
        return [Check("MIDI", PROBLEM, finding["error"], finding.get("cure") or "pip install python-rtmidi")]
    checks: list[Check] = []
    systems: list[dict[str, Any]] = finding["systems"]
    working = [system for system in systems if system["works"]]
    for system in systems:
        name = f"MIDI {system['api']}"
        if not system["works"]:
            checks.append(Check(name, NOTE, system.get("why") or "does not answer", system.get("cure") or ""))
            continue
        ports = sorted({*system["sources"], *system["destinations"]})
        listed = f"{len(ports)} ports: {', '.join(ports)}" if ports else "no ports of other programs or devices"
        if system["virtual"]:
            checks.append(Check(name, OK, f"works, virtual ports too; {listed}"))
        else:
            cure = by_system(
                linux="restart the MIDI system",
                macos="restart the MIDI server in Audio MIDI Setup",
                windows="install loopMIDI or Windows MIDI Services, make a port there and name it with --port",
            )
            checks.append(Check(name, NOTE if ports else PROBLEM, f"works, but no virtual ports; {listed}", cure))
        if system.get("ordinary"):
            text = "its server has no real-time priority: on a busy machine it drops MIDI of every program"
            checks.append(Check(name, NOTE, text, "start jackd with -R, or at least with -S, which waits for all"))
    if not working:
        cure = by_system(
            linux="sudo modprobe snd-seq for ALSA, or start a JACK server: sudo apt install jackd2, then jackd -d alsa",
            macos="open Audio MIDI Setup once; it starts the MIDI server",
            windows="install loopMIDI and make a port in it",
        )
        text = "no MIDI system answers: no DAW or keyboard can be reached (demo, compose and models work)"
        checks.append(Check("MIDI", PROBLEM, text, cure))
    return checks


def _models(finding: Finding, values: Mapping[str, Value]) -> list[Check]:
    if "error" in finding:
        return [
            Check("models", PROBLEM, finding["error"], finding.get("cure") or "pip install --force-reinstall torch")
        ]
    budget_ms = float(values["budget_ms"])
    checks = [Check("torch", OK, f"{finding['torch']}, one thread for the model")]
    usable = 0
    for model in finding["models"]:
        name = f"model {model['name']}"
        if "error" in model:
            cure = "install the bridge again: pip install --force-reinstall aiart-bridge"
            checks.append(Check(name, NOTE, model["error"], cure))
            continue
        usable += 1
        note_ms = float(model["seconds_per_note"]) * 1000
        if note_ms <= budget_ms:
            text = f"{note_ms:.2f} ms a note, {budget_ms / note_ms:.0f} notes fit the budget of {budget_ms:g} ms"
            checks.append(Check(name, OK, text))
        else:
            text = f"{note_ms:.1f} ms a note, more than the budget of {budget_ms:g} ms: the phrase memory steps in"
            cure = f"close other programs, or allow more time: --budget-ms {note_ms * 2:.0f}"
            checks.append(Check(name, NOTE, text, cure))
    if not usable:
        text = "no trained model can be used; only the phrase memory answers (--model memory)"
        checks.append(
            Check("models", PROBLEM, text, "install the bridge again: pip install --force-reinstall aiart-bridge")
        )
    return checks


def _priority(finding: Finding) -> list[Check]:
    if "error" in finding:
        return [Check("real time", NOTE, finding["error"])]
    if not finding["needed"]:
        return [Check("real time", OK, "this system needs no permission for it")]
    if finding["allowed"]:
        return [Check("real time", OK, "the playing thread may run at real-time priority")]
    return [
        Check(
            "real time",
            NOTE,
            f"not allowed to this user ({finding['why']}): a busy machine may delay notes by some ms",
            "sudo sh -c 'echo \"@audio - rtprio 95\" > /etc/security/limits.d/audio.conf' && "
            "sudo usermod -aG audio $USER, then log in again",
        )
    ]


def _link(finding: Finding) -> list[Check]:
    if "error" not in finding:
        return [Check("Link", OK, f"Ableton Link can give the beat with --clock link ({finding['version']})")]
    return [Check("Link", NOTE, finding["error"], "pip install 'aiart-bridge[link]' (its library is under the GPL)")]


def _synth(finding: Finding) -> list[Check]:
    if "error" not in finding:
        return [Check("FluidSynth", OK, f"{finding['version']}")]
    cure = by_system(
        linux="sudo apt install libfluidsynth3",
        macos="brew install fluid-synth",
        windows="choco install fluidsynth",
    )
    return [Check("FluidSynth", NOTE, f"{finding['error']}: --synth and sound files are left out", cure)]


def _soundfonts() -> list[Check]:
    from daw_bridge.io.soundfonts import find_soundfont, list_soundfonts

    try:
        taken = find_soundfont()
    except BridgeError as error:
        return [Check("SoundFont", NOTE, _where_what(error), error.cure or "")]
    others = len(list_soundfonts()) - 1
    return [Check("SoundFont", OK, f"{taken}{f' ({others} more)' if others > 0 else ''}")]


def _audio(finding: Finding) -> list[Check]:
    if finding.get("missing"):
        cure = by_system(
            linux="sudo apt install libportaudio2",
            macos="pip install --force-reinstall sounddevice",
            windows="pip install --force-reinstall sounddevice",
        )
        return [Check("audio", NOTE, finding["error"], cure)]
    if "error" in finding:
        return [Check("audio", NOTE, finding["error"])]
    if not finding["outputs"]:
        return [Check("audio", NOTE, "no audio output: --synth has nowhere to sound", "connect or enable one")]
    return [Check("audio", OK, f"{len(finding['outputs'])} outputs: {', '.join(finding['outputs'][:4])}")]


def _osc(values: Mapping[str, Value]) -> list[Check]:
    host, port = str(values["osc_host"]), int(values["osc_port"])
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(address[0], socket.SOCK_DGRAM) as probe:
            probe.bind(address[4])
    except OSError as error:
        text = f"{host}:{port} cannot be used ({error.strerror or error})"
        return [Check("OSC", NOTE, text, "end the other program (a bridge that runs?), or use --osc-port 0")]
    return [Check("OSC", OK, f"{host}:{port} is free")]


def _takes(values: Mapping[str, Value]) -> list[Check]:
    from daw_bridge.io.takes import takes_folder

    folder = takes_folder(values)
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=standing):
            pass
        free = shutil.disk_usage(standing).free
    except OSError as error:
        text = f"{folder} cannot be written to ({error.strerror})"
        return [Check("takes", PROBLEM, text, "choose a folder with --takes-dir, or takes_dir in the settings")]
    text = f"{folder}, {free / 1e9:.1f} GB free"
    if free < _FREE_BYTES:
        return [Check("takes", NOTE, text, "make room: an hour of playing takes about 20 MB")]
    return [Check("takes", OK, text)]


def _where_what(error: BridgeError) -> str:
    return error.what if error.where is None else f"{error.where}: {error.what}"
