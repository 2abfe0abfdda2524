"""What a fresh interpreter loads: the floors hold at run time, and heavy libraries wait until they are needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "music21", "textual", "sounddevice", "fluidsynth", "pretty_midi", "rtmidi", "symusic", "PIL", "scipy"}


def loaded_by(module: str) -> set[str]:
    """The top-level packages in `sys.modules` after importing `module` alone."""
    program = (
        f"import sys, json, importlib; importlib.import_module({module!r});"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("daw_bridge.engine.engine", set()),
        ("daw_bridge.engine.memory", set()),
        ("daw_bridge.cli.main", set()),
        ("daw_bridge.cli.settings", set()),
        ("daw_bridge.control.client", set()),
        ("daw_bridge.control.server", set()),
        ("daw_bridge.io.takes", set()),
        ("daw_bridge.io.ports_memory", set()),
        ("daw_bridge.io.ports_rtmidi", {"rtmidi"}),
        ("daw_bridge.live.loop", set()),
        ("daw_bridge.music.harmony", set()),
        ("daw_models.program", set()),
        ("daw_tui.app", {"textual"}),
    ],
)
def test_module_loads_no_heavy_library_it_does_not_own(module: str, allowed: set[str]) -> None:
    assert loaded_by(module) & HEAVY <= allowed


def test_the_screen_never_loads_the_instrument() -> None:
    program = (
        "import sys, json, daw_tui.app;"
        "print(json.dumps([name for name in sys.modules if name.startswith('daw_bridge.')]))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    floors = {name.split(".")[1] for name in json.loads(done.stdout)}
    assert floors.isdisjoint({"live", "offline", "cli"})
