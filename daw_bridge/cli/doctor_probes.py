"""The doctor's looks at native libraries, each in a process of its own: a crash or a hang there is a finding.

`python -m daw_bridge.cli.doctor_probes NAME [ARGUMENT]` prints one JSON object as its last line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from daw_bridge.errors import BridgeError

Finding = dict[str, Any]


def ask(name: str, argument: str = "", *, timeout_s: float) -> Finding:
    """Run a probe in a process of its own. A probe that fails gives `error`, and `cure` if it knows one."""
    command = [sys.executable, "-m", "daw_bridge.cli.doctor_probes", name, argument]
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {timeout_s:g} s"}
    except OSError as error:
        return {"error": f"cannot be asked ({error.strerror})"}
    try:
        finding = json.loads(ended.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        finding = None
    if isinstance(finding, dict):
        return finding
    said = (ended.stderr.strip().splitlines() or ["nothing was said"])[-1]
    how = f"crashed with signal {-ended.returncode}" if ended.returncode < 0 else f"failed ({said[:120]})"
    return {"error": how}


def midi(_argument: str) -> Finding:
    """Every MIDI system that may work here: whether it answers, its ports, whether it has virtual ports."""
    from daw_bridge.io.systems import native_apis

    try:
        import rtmidi
    except ImportError as error:
        return {"error": f"python-rtmidi cannot be loaded ({error})", "cure": "pip install python-rtmidi"}
    from daw_bridge.io.ports_rtmidi import open_system

    systems = []
    for api in native_apis():
        finding: Finding = {"api": api, "works": False, "sources": [], "destinations": []}
        try:
            system = open_system(api)
            finding["sources"] = system.sources()
            finding["destinations"] = system.destinations()
            finding["works"] = True
            finding["virtual"] = _virtual_ports(api)
            finding["ordinary"] = system.ordinary
        except BridgeError as error:
            finding["why"], finding["cure"] = error.what, error.cure
        systems.append(finding)
    return {"rtmidi": rtmidi.get_rtmidi_version(), "systems": systems}


def _virtual_ports(api: str) -> bool:
    """Try it: a port opened under a fresh name, and closed."""
    if api == "winmm":
        return False
    from daw_bridge.io.ports_rtmidi import open_system

    try:
        port = open_system(api).open_out(f"doctor {os.getpid()}")
    except BridgeError:
        return False
    port.close()
    return True


def models(_argument: str) -> Finding:
    """Every shipped model: the seconds it takes per note."""
    try:
        from daw_bridge.io.artefact import LoadedModel
    except (ImportError, OSError) as error:
        return {"error": f"torch cannot be loaded ({error})", "cure": "pip install torch"}
    from daw_models.program import builtin_models, ensure_program

    found = []
    for name, weights in builtin_models().items():
        finding: Finding = {"name": name, "file": str(weights)}
        try:
            model = LoadedModel.open(ensure_program(weights))
            finding["seconds_per_note"] = model.warm_up()
        except BridgeError as error:
            finding["error"] = str(error)
        found.append(finding)
    return {"torch": version("torch"), "models": found}


def audio(_argument: str) -> Finding:
    """The audio outputs that PortAudio lists."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        return {"error": f"PortAudio cannot be loaded ({error})", "missing": True}
    outputs = [str(device["name"]) for device in sounddevice.query_devices() if int(device["max_output_channels"]) > 0]
    return {"outputs": outputs}


def synth(_argument: str) -> Finding:
    """The FluidSynth library."""
    from daw_bridge.io.fluid import library_version

    return {"version": library_version()}


def priority(_argument: str) -> Finding:
    """Whether this user may ask for real-time scheduling."""
    if not hasattr(os, "sched_setscheduler"):
        return {"needed": False}
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))
    except OSError as error:
        return {"needed": True, "allowed": False, "why": error.strerror}
    return {"needed": True, "allowed": True}


def link(_argument: str) -> Finding:
    """The binding of Ableton Link, an extra."""
    from daw_bridge.io.link import link_installed

    if not link_installed():
        return {"error": "the extra is not installed: --clock link is left out"}
    return {"version": version("linkpython-extern")}


PROBES: Final[dict[str, Callable[[str], Finding]]] = {
    "midi": midi,
    "models": models,
    "audio": audio,
    "synth": synth,
    "priority": priority,
    "link": link,
}


def main(argv: Sequence[str]) -> int:
    """Run one probe and print what it found; nothing it meets escapes."""
    try:
        finding = PROBES[argv[0]](argv[1] if len(argv) > 1 else "")
    except BridgeError as error:
        finding = {"error": error.what if error.where is None else f"{error.where}: {error.what}", "cure": error.cure}
    except Exception as error:  # whatever is broken on this machine is the finding
        finding = {"error": f"{type(error).__name__}: {error}"}
    print(f"\n{json.dumps(finding)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
