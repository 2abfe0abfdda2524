"""`compose interpolate`, `generate`, `harmonize`, `humanize`: pieces from two, from nothing, from a melody, by hand."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daw_bridge.arguments import Parser
from daw_bridge.cli.compose import add_common, sampling_of, seed_of, sound_of
from daw_bridge.cli.compose_model import opener
from daw_bridge.cli.options import Help, given_values
from daw_bridge.cli.output import print_json
from daw_bridge.cli.settings import load
from daw_bridge.errors import UsageError
from daw_bridge.music.chords import parse_chord_line
from daw_bridge.music.midifile import piece_of
from daw_bridge.music.smf import Smf
from daw_bridge.offline.compose import Task, chosen_parts
from daw_bridge.offline.files import Highlight, check_output, read_any, write_any
from daw_bridge.offline.textures import TEXTURES


def main(argv: Sequence[str]) -> int:
    """Run `compose TOOL ...`. Returns the exit status."""
    options = _parser().parse_args(argv)
    for output in options.out:
        check_output(output)
        if str(output) == "-" and options.json:
            raise UsageError("-o - cannot go with --json", cure="write to a file")
    if not options.out and not options.play:
        options.out = [Path(f"{options.tool}.mid")]
    status: int = options.run(options)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="compose", description="More ways of composing.", allow_abbrev=False)
    tools = parser.add_subparsers(dest="tool", required=True, metavar="TOOL", parser_class=Parser)
    settings: dict[str, Any] = {"formatter_class": Help, "allow_abbrev": False}

    between = tools.add_parser("interpolate", help="lead from one piece to the other", **settings)
    between.add_argument("first", type=Path, metavar="A.mid")
    between.add_argument("second", type=Path, metavar="B.mid")
    between.add_argument("--bars", type=_few, metavar="N", default=4, help="bars of passage (default 4)")
    between.set_defaults(run=_interpolate)

    new = tools.add_parser("generate", help="a new piece", **settings)
    new.add_argument("chords", nargs="?", default="", metavar="CHORDS", help='one a bar: "Am F C G"')
    new.add_argument("--bars", type=_few, metavar="N", default=16, help="length (default 16)")
    new.add_argument("--tempo", type=_tempo, metavar="BPM", default=100.0, help="default 100")
    new.add_argument("--beats-per-bar", type=_few, metavar="N", default=4, help="quarter notes of a bar (default 4)")
    new.add_argument("--texture", choices=TEXTURES, default="", help="how chords are played (default by the seed)")
    new.set_defaults(run=_generate)

    under = tools.add_parser("harmonize", help="chords under a melody", **settings)
    under.add_argument("file", type=Path, metavar="FILE")
    under.add_argument("--track", metavar="NAME|N", default="", help="the melody (default the highest part)")
    under.set_defaults(run=_harmonize)

    alive = tools.add_parser("humanize", help="touch and timing for a stiff piece", **settings)
    alive.add_argument("file", type=Path, metavar="FILE")
    alive.add_argument("--track", metavar="NAME|N", default="", help="only this part (default all of them)")
    alive.add_argument("--velocity", type=_strength, metavar="X", default=1.0, help="of the touch, 0 to 2 (default 1)")
    alive.add_argument("--timing", type=_strength, metavar="X", default=1.0, help="of the timing, 0 to 2 (default 1)")
    alive.set_defaults(run=_humanize)

    for tool in (between, new, under, alive):
        add_common(tool)
    return parser


def _interpolate(options: argparse.Namespace) -> int:
    from daw_bridge.offline.infill import infill_piece, place_infill, written_infill
    from daw_bridge.offline.joining import joined

    settings = load(options.config, given_values(options))
    first, second = read_any(options.first), read_any(options.second)
    for source, piece in ((options.first, first), (options.second, second)):
        if not piece.notes:
            raise UsageError("there are no notes in it", where=str(source), cure="give a piece with notes")
    smf, first_bar, last_bar = joined(first, second, options.bars)
    controls, range_given = sampling_of(options, settings)
    seed = seed_of(settings)
    task = Task(controls=controls, range_given=range_given, seed=seed, best_of=options.best_of)
    place = place_infill(piece_of(smf), task, first_bar, last_bar)
    continuer = opener(str(settings.values["model"]))()
    bridge = infill_piece(continuer, place, task, seed)
    written = written_infill(place, bridge.candidate.notes, task, f"{continuer.name}: passage")
    new = Highlight(frozenset({len(written.tracks) - 1}), place.stretch.start_tick, place.stretch.end_tick)
    report = {
        "files": [str(options.first), str(options.second)],
        "model": continuer.name,
        "seed": seed,
        "first_bar": first_bar,
        "bars": options.bars,
        "seconds": round(place.stretch.length_s, 3),
        "notes_added": len(bridge.candidate.notes),
        "nats_per_note": bridge.candidate.verdict.nats_per_note,
        "bridge_nats_per_note": bridge.bridge_nats,
    }
    return _finish(options, settings, written, new, report, _made("passage", report))


def _generate(options: argparse.Namespace) -> int:
    from daw_bridge.offline.drawing import nats_of
    from daw_bridge.offline.generate import Plan, beats_on_chord, generated, key_of_chords

    settings = load(options.config, given_values(options))
    try:
        chords = tuple(parse_chord_line(options.chords)) if options.chords else ()
    except ValueError as problem:
        raise UsageError(str(problem), cure='write chords such as "Am F C G"') from None
    controls, range_given = sampling_of(options, settings)
    plan = Plan(
        options.bars,
        options.tempo,
        options.beats_per_bar,
        chords,
        options.texture,
        max(int(settings.values["program"]), 0),
        seed_of(settings),
        controls,
        range_given,
    )
    continuer = opener(str(settings.values["model"]))()
    made = generated(continuer, plan)
    nats = nats_of(continuer, (), made.notes, drums=False)
    report = {
        "model": continuer.name,
        "seed": plan.seed,
        "key": key_of_chords(chords).name if chords else controls.key,
        "chords": [chord.name_in() for chord in chords],
        "texture": made.texture,
        "beats_on_chord": beats_on_chord(made.notes, plan),
        "bars": plan.bars,
        "tempo_bpm": plan.tempo_bpm,
        "notes_added": len(made.notes),
        "nats_per_note": sum(nats) / len(nats) if nats else None,
    }
    return _finish(options, settings, made.smf, None, report, _made("piece", report))


def _harmonize(options: argparse.Namespace) -> int:
    from daw_bridge.offline.harmonize import harmonized
    from daw_bridge.offline.melody import accompanied, melody_bars

    settings = load(options.config, given_values(options))
    piece = read_any(options.file)
    parts = chosen_parts(piece, options.track)
    melody = (
        parts[0] if options.track else max(parts, key=lambda part: sum(n.pitch for n in part.notes) / len(part.notes))
    )
    bars, key = melody_bars(piece, melody, str(settings.values["key"]))
    continuer = opener(str(settings.values["model"]))()
    harmony = harmonized(continuer, bars, key)
    written = accompanied(piece, harmony.notes, max(int(settings.values["program"]), -1))
    report = {
        "file": str(options.file),
        "melody": melody.label,
        "model": continuer.name,
        "key": key.name,
        "chords": [chord.name_in(key) for chord in harmony.chords],
        "notes_added": len(harmony.notes),
        "nats_per_note": harmony.nats_per_note,
    }
    return _finish(
        options, settings, written, Highlight(frozenset({len(written.tracks) - 1})), report, _made("harmony", report)
    )


def _humanize(options: argparse.Namespace) -> int:
    from daw_bridge.music.parts import parts_of
    from daw_bridge.offline.humanize import Strength, humanized

    settings = load(options.config, given_values(options))
    piece = read_any(options.file)
    parts = chosen_parts(piece, options.track) if options.track else parts_of(piece)
    if not parts:
        raise UsageError("there are no notes in it", where=str(options.file), cure="give a piece with notes")
    controls, _ = sampling_of(options, settings)
    seed = seed_of(settings)
    continuer = opener(str(settings.values["model"]))()
    strength = Strength(options.velocity, options.timing)
    made = humanized(continuer, piece, parts, strength, controls, seed)
    report = {
        "file": str(options.file),
        "model": continuer.name,
        "seed": seed,
        "parts": [part.label for part in parts],
        "notes": sum(len(part.notes) for part in parts),
        "notes_touched": made.touched,
        "notes_moved": made.moved,
        "velocity_spread": round(made.velocity_spread, 2),
        "timing_spread_ms": round(made.timing_spread_s * 1000, 1),
    }
    said = (
        f"{made.touched} of {report['notes']} notes touched by {continuer.name} (spread"
        f" {made.velocity_spread:.1f}), {made.moved} moved (spread {made.timing_spread_s * 1000:.1f} ms), seed {seed}"
    )
    return _finish(options, settings, made.smf, None, report, said)


def _made(what: str, report: dict[str, Any]) -> str:
    """What has been made, in a line for people."""
    chords = f": {' '.join(report['chords'])}" if report.get("chords") else ""
    chords += f", {report['texture']}" if report.get("texture") else ""
    seed = f", seed {report['seed']}" if "seed" in report else ""
    return f"{what} of {report['notes_added']} notes by {report['model']}{seed}{chords}"


def _finish(
    options: argparse.Namespace, settings: Any, smf: Smf, new: Highlight | None, report: dict[str, Any], said: str
) -> int:
    sound = sound_of(options, settings)
    for output in options.out:
        write_any(output, smf, title=Path(output).stem, new=new, sound=sound)
    report["outputs"] = [str(output) for output in options.out]
    if options.json:
        print_json(report)
    elif not any(str(output) == "-" for output in options.out):
        print(said)
        for output in options.out:
            print(f"  {output}")
    if options.play:
        from daw_bridge.cli.compose_play import play_smf

        play_smf(smf, sound, settings.values)
    return 0


def _strength(text: str) -> float:
    try:
        strength = float(text)
    except ValueError:
        strength = -1.0
    if not 0.0 <= strength <= 2.0:
        raise argparse.ArgumentTypeError(f"a strength from 0 to 2 is wanted, not {text!r}")
    return strength


def _few(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 256 is wanted, not {text!r}")
    return int(text)


def _tempo(text: str) -> float:
    try:
        tempo_bpm = float(text)
    except ValueError:
        tempo_bpm = 0.0
    if not 20.0 <= tempo_bpm <= 400.0:
        raise argparse.ArgumentTypeError(f"a tempo from 20 to 400 bpm is wanted, not {text!r}")
    return tempo_bpm
