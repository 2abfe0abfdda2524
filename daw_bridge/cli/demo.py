"""`aiart-bridge demo`: a whole call and response with no hardware, written as MIDI, sound and a cover."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.demo_stage import (
    IN_PORT,
    OUT_PORT,
    MemoryStage,
    Performance,
    PortStage,
    Stage,
    Watcher,
    perform,
)
from daw_bridge.cli.options import add_parameters, given_values
from daw_bridge.cli.output import note, print_json
from daw_bridge.engine.parameters import Value
from daw_bridge.errors import BridgeError, MissingPartError, UsageError
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.io.systems import choose_system
from daw_bridge.live.wiring import MEMORY, Bridge, Tier, load_tier
from daw_bridge.music.calls import CALLS
from daw_bridge.music.midifile import write_phrases
from daw_bridge.music.phrase import Phrase

SEED: Final = 1
CALL_PROGRAM: Final = 0
RESPONSE_PROGRAM: Final = 4
"""General MIDI: the call is a grand piano, the answer an electric one, so that one hears who speaks."""

_LONGEST_CALL_S: Final = 60.0


def main(argv: Sequence[str]) -> int:
    """Play the demonstration and write it down. Returns 0; failures are raised as BridgeError."""
    options = _parser().parse_args(argv)
    settings = _settings(options)
    call = _call(options)
    _check_folder(options.out)
    _check_cover(options.cover_size)
    tier = _tier(str(settings["model"]))
    performed, api = _fast(call, settings, tier) if options.fast else _live(call, settings, tier)
    if not performed.response.notes:
        raise BridgeError("the answer has no notes", cure="try another --seed")
    files, sound = _write(options.out, performed, str(settings["soundfont"]))
    if options.cover_size:
        files["cover"] = _paint(options.out / "cover.png", files["both"], options.cover_size)
    _report(options, performed, api, files, sound)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="aiart-bridge demo",
        description="A musician plays a call into a running bridge, the model answers, both are written down.\n"
        "Through real MIDI ports where this machine has them, else in memory.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("demo"), help="where to write (default demo)")
    parser.add_argument(
        "--call",
        metavar="NAME|FILE.mid",
        default=next(iter(CALLS)),
        help=f"the phrase to call with: {', '.join(CALLS)}, or a MIDI file",
    )
    parser.add_argument("--fast", action="store_true", default=False, help="in memory, without waiting for the music")
    parser.add_argument("--cover-size", type=int, metavar="PX", default=3000, help="of the cover; 0 for none")
    parser.add_argument("--json", action="store_true", default=False, help="for scripts")
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML)")
    add_parameters(
        parser, ["model", "seed", "temperature", "top_p", "key", "length", "soundfont", "midi_api", "budget_ms"]
    )
    return parser


def _check_folder(folder: Path) -> None:
    """Raise UsageError before the music plays rather than after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be written to ({error.strerror})", where=str(folder), cure="choose another folder with --out"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError("is not yours to write to", where=str(folder), cure="choose another folder with --out")


def _check_cover(size: int) -> None:
    """Raise UsageError for a size that no cover has, before the music plays."""
    if size:
        from daw_models.cover.size import check_size

        check_size(size, "--cover-size")


def _settings(options: argparse.Namespace) -> dict[str, Value]:
    from daw_bridge.cli.settings import load

    fixed: dict[str, Value] = {"port": OUT_PORT, "in_port": IN_PORT, "mode": "pause", "in_channel": 0, "thru": False}
    return load(options.config, {"seed": SEED, **given_values(options), **fixed}).values


def _call(options: argparse.Namespace) -> Phrase:
    if options.call in CALLS:
        return CALLS[options.call]
    file = Path(options.call)
    if not file.exists() and not file.suffix:
        raise UsageError(f"no call {options.call!r}", where="--call", cure=f"choose {', '.join(CALLS)} or a .mid file")
    from daw_bridge.music.midifile import read_phrase

    phrase = read_phrase(file)
    if not phrase.notes:
        raise UsageError("there is no note in it", where=str(file), cure="give a file with a melody")
    first_s = phrase.notes[0].onset_s
    call = Phrase.of(item.shifted(-first_s) for item in phrase if item.onset_s - first_s < _LONGEST_CALL_S)
    if len(call) < len(phrase):
        note(f"{file}: only its first {_LONGEST_CALL_S:.0f} s are played")
    return call


def _tier(model: str) -> Tier:
    if model == MEMORY:
        return load_tier(None)
    from daw_models.program import ensure_program, find_model

    return load_tier(ensure_program(find_model(model)))


def _live(call: Phrase, settings: dict[str, Value], tier: Tier) -> tuple[Performance, str]:
    """In real time, through the machine's MIDI system or memory."""
    try:
        api = choose_system(str(settings["midi_api"])).api
        return _on_stage(call, settings, tier, api=api), api
    except MissingPartError as error:
        note(f"{error.what}: the demonstration goes on in memory")
    return _on_stage(call, settings, tier, api="memory"), "memory"


def _on_stage(call: Phrase, settings: dict[str, Value], tier: Tier, *, api: str) -> Performance:
    bridge = Bridge({**settings, "midi_api": api})
    watcher = Watcher()
    bridge.observe(watcher)
    bridge.start(tier)
    stage: Stage | None = None
    try:
        stage = MemoryStage(bridge.system) if isinstance(bridge.system, MemorySystem) else PortStage(choose_system(api))
        return perform(stage, watcher, call)
    finally:
        if stage is not None:
            stage.close()
        bridge.stop()


def _fast(call: Phrase, settings: dict[str, Value], tier: Tier) -> tuple[Performance, str]:
    """The same engine, jumping from deadline to deadline."""
    from daw_bridge.cli.demo_offline import perform_offline

    return perform_offline(call, settings, tier.continuer), "offline"


def _write(folder: Path, performed: Performance, soundfont: str) -> tuple[dict[str, Path], str]:
    """The files by what they are, and why there is no sound ("" when there is)."""
    from daw_bridge.offline.render import Part, RenderSettings, render_audio

    programs = {"call": CALL_PROGRAM, "response": RESPONSE_PROGRAM}
    first_s = performed.response.notes[0].onset_s
    alone = Phrase.of(item.shifted(-first_s) for item in performed.response)
    files = {
        "call": folder / "call.mid",
        "response": folder / "response.mid",
        "both": folder / "call-and-response.mid",
    }
    write_phrases(files["call"], {"call": performed.call}, programs=programs)
    write_phrases(files["response"], {"response": alone}, programs=programs)
    write_phrases(files["both"], {"call": performed.call, "response": performed.response}, programs=programs)
    parts = [Part(performed.call, CALL_PROGRAM), Part(performed.response, RESPONSE_PROGRAM)]
    try:
        files["sound"] = render_audio(folder / "demo.wav", parts, RenderSettings(soundfont=soundfont)).path
    except MissingPartError as error:
        return files, str(error)
    return files, ""


def _paint(out: Path, piece: Path, size: int) -> Path:
    """The cover of the piece."""
    from daw_bridge.cli.cover import make_cover

    make_cover(piece, out, title="Call and Response", artist="aiart-bridge", size=size)
    return out


def _report(options: argparse.Namespace, performed: Performance, api: str, files: dict[str, Path], silent: str) -> None:
    for fault in performed.faults:
        note(f"fault: {fault.kind}: {fault.text}")
    if silent:
        note(f"no sound file: {silent}")
    late_ms = performed.first_note_after_s * 1000
    if options.json:
        figures: dict[str, Any] = {
            "files": {name: str(file) for name, file in files.items()},
            "api": api,
            "tiers": list(performed.tiers),
            "call_notes": len(performed.call),
            "response_notes": len(performed.response),
            "response_s": round(performed.response.length_s - performed.response.notes[0].onset_s, 3),
            "first_note_after_ms": round(late_ms, 3),
            "no_sound": silent or None,
        }
        print_json(figures)
        return
    texts = {
        "call": f"{len(performed.call)} notes in {performed.call.length_s:.1f} s",
        "response": f"{len(performed.response)} notes by {'+'.join(performed.tiers)}"
        + ("" if api == "offline" else f" through {api} ports, first note {late_ms:.1f} ms after the call was over"),
        "both": "a track each",
        "cover": "painted after the music",
        "sound": f"piano calls, electric piano answers, {performed.response.length_s:.1f} s",
    }
    width = max(len(str(file)) for file in files.values())
    for name, file in files.items():
        print(f"{name:<9} {file!s:<{width}}  {texts[name]}")
