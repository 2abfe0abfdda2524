"""`compose`: continue a file, rewrite bars of it, vary it, look at it, hear it; many files at once."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from daw_bridge.arguments import Parser
from daw_bridge.cli.options import Help, add_parameters, given_values
from daw_bridge.cli.output import note, print_json
from daw_bridge.cli.settings import Settings, load
from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.errors import UsageError
from daw_bridge.music.harmony import parse_pitch
from daw_bridge.offline.compose import Task
from daw_bridge.offline.files import check_output
from daw_bridge.offline.jobs import Job
from daw_bridge.offline.render import RenderSettings

TOOLS: Final = ("interpolate", "generate", "harmonize", "humanize")
"""First words that are no file but another way of composing; see `compose_tools`."""
_SAMPLING: Final = (
    "model",
    "temperature",
    "top_p",
    "key",
    "density",
    "imitation",
    "follow_velocity",
    "tonality",
    "variety",
    "pitch_low",
    "pitch_high",
    "max_polyphony",
    "seed",
    "program",
    "soundfont",
    "synth_reverb",
    "audio_device",
)


def main(argv: Sequence[str]) -> int:
    """Run `compose ...`. Returns the exit status: 1 when some of several files failed."""
    if argv and argv[0] in TOOLS and not Path(argv[0]).exists():
        from daw_bridge.cli.compose_tools import main as run_tool

        return run_tool(argv)
    options = _parser().parse_args(argv)
    if options.analyse:
        from daw_bridge.cli.compose_analyse import analyse_files

        return analyse_files(options.files, options.out, json_wanted=options.json)
    settings = load(options.config, given_values(options))
    jobs = _jobs(options, settings)
    if len(jobs) == 1 and not options.many:
        return _run_one(jobs[0], options, settings)
    from daw_bridge.cli.compose_many import run_many

    return run_many(jobs, str(settings.values["model"]), workers=options.jobs, json_wanted=options.json)


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every way of composing takes: files to write, sampling, sound, and how to say it."""
    parser.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        type=Path,
        action="append",
        default=[],
        help="file to write, by its ending .mid .musicxml .wav .flac .ogg .png (may be given again); - is stdout",
    )
    parser.add_argument(
        "--render", metavar="FILE", type=Path, action="append", dest="out", help="also write the sound: .wav .flac .ogg"
    )
    parser.add_argument("--play", action="store_true", help="play the result when it is done")
    parser.add_argument(
        "--loudness", metavar="LUFS", type=_loudness, default=-23.0, help="of written sound (default -23, EBU R128)"
    )
    parser.add_argument("--range", metavar="LOW:HIGH", type=_pitch_range, help="pitches allowed: 48:84 or C3:C6")
    parser.add_argument("--best-of", metavar="N", type=_count, default=1, help="draw N times, keep the best")
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML)")
    parser.add_argument("--json", action="store_true", help="a report for scripts on stdout")
    add_parameters(parser, _SAMPLING)


def sampling_of(options: argparse.Namespace, settings: Settings) -> tuple[SamplingControls, bool]:
    """The sampling controls of the settings, and whether a pitch range was asked for."""
    values = settings.values
    low, high = int(values["pitch_low"]), int(values["pitch_high"])
    given = options.range is not None or (low, high) != (0, 127)
    if options.range is not None:
        low, high = options.range
    controls = SamplingControls(
        temperature=float(values["temperature"]),
        top_p=float(values["top_p"]),
        key=str(values["key"]),
        pitch_low=low,
        pitch_high=high,
        density=float(values["density"]),
        max_polyphony=int(values["max_polyphony"]),
        imitation=float(values["imitation"]),
        follow_velocity=float(values["follow_velocity"]),
        tonality=float(values["tonality"]),
        variety=float(values["variety"]),
    )
    return controls, given


def seed_of(settings: Settings) -> int:
    """The seed of the settings; one drawn by chance when they leave it open."""
    seed = int(settings.values["seed"])
    return secrets.randbits(31) if seed < 0 else seed


def sound_of(options: argparse.Namespace, settings: Settings) -> RenderSettings:
    """How written and played sound is to be."""
    values = settings.values
    return RenderSettings(
        soundfont=str(values["soundfont"]), target_lufs=options.loudness, reverb=float(values["synth_reverb"])
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="compose",
        usage="compose FILE... [-o OUT] [--bars N | --infill A:B] [options]\n       compose TOOL ...",
        description="Continue a piece: a MIDI file, MusicXML, ABC or a take. What you give is kept as it is, event\n"
        "for event; the new notes stand on a track of their own. The same seed gives the same notes again.",
        epilog="tools (compose TOOL --help says more):\n"
        "  interpolate A B   a passage that leads from one piece to the other\n"
        '  generate [CHORDS] a new piece from nothing, in a key, or over chords such as "Am F C G"\n'
        "  harmonize FILE    chords under a melody\n"
        "  humanize FILE     touch and timing for a stiff piece\n\n"
        "examples:\n"
        "  compose song.mid -o longer.mid --bars 16 --seed 7\n"
        "  compose song.mid -o bridge.mid --infill 9:12\n"
        "  compose song.mid -o idea.mid --variations 5 --render idea.wav\n"
        "  compose folder/ -o out/",
        formatter_class=Help,
        argument_default=None,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="files or folders; - is stdin")
    what = parser.add_argument_group("what to write")
    what.add_argument("--bars", metavar="N", type=_count, default=8, help="bars of continuation (default 8)")
    what.add_argument("--seconds", metavar="S", type=_seconds, default=0.0, help="seconds of it instead of bars")
    what.add_argument(
        "--from",
        dest="from_bar",
        metavar="BAR",
        type=_count,
        default=0,
        help="go on from the start of this bar instead",
    )
    what.add_argument("--infill", metavar="A:B", type=_bars, help="rewrite bars A to B to lead into what follows")
    what.add_argument("--variations", metavar="K", type=_count, default=1, help="K different answers, best first")
    what.add_argument("--track", metavar="NAME|N", default="", help="only this part (--analyse lists them)")
    what.add_argument("--replace", action="store_true", help="write into the piece's own tracks instead of a new track")
    what.add_argument(
        "--keep-grid",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="quantise to the piece's own grid (default: if the piece keeps one)",
    )
    what.add_argument("--analyse", action="store_true", help="only say what the piece is; with -o roll.png a picture")
    what.add_argument("--jobs", metavar="N", type=_count, default=0, help="processes for many files (default: cores)")
    add_common(parser)
    return parser


def _jobs(options: argparse.Namespace, settings: Settings) -> list[Job]:
    controls, range_given = sampling_of(options, settings)
    task = Task(
        bars=options.bars,
        seconds=options.seconds,
        from_bar=options.from_bar,
        part=options.track,
        program=int(settings.values["program"]),
        replace=options.replace,
        keep_grid=options.keep_grid,
        controls=controls,
        range_given=range_given,
        seed=seed_of(settings),
        best_of=options.best_of,
    )
    if options.infill and (options.from_bar or options.seconds):
        raise UsageError("--infill rewrites bars; --from and --seconds continue", cure="leave one of them out")
    if options.infill and options.infill[1] - options.infill[0] > 255:
        raise UsageError("--infill takes up to 256 bars", cure="fill in a shorter passage")
    sound = sound_of(options, settings)
    from daw_bridge.cli.compose_many import found_files

    sources, options.many = found_files(options.files)
    return [
        Job(source, outputs, task, options.infill, options.variations, sound)
        for source, outputs in _with_outputs(sources, options, str(settings.values["model"]))
    ]


def _with_outputs(
    sources: Sequence[tuple[Path, Path]], options: argparse.Namespace, model: str
) -> list[tuple[Path, tuple[Path, ...]]]:
    """Every source with the files to write for it; sources come with their place under an output folder."""
    outputs: list[Path] = options.out
    if not options.many:
        source = sources[0][0]
        if any(str(output) == "-" for output in outputs) and (options.json or options.variations > 1):
            raise UsageError("-o - cannot go with --json or --variations", cure="write to a file")
        outputs = [output / f"{source.stem}.mid" if output.is_dir() else output for output in outputs]
        for output in outputs:
            check_output(output)
            if output.exists() and source.exists() and output.samefile(source):
                raise UsageError("the output would overwrite the input", where=str(output), cure="choose another name")
        if not outputs and not options.play:
            outputs = [Path(f"{'composed' if str(source) == '-' else source.stem}-{Path(model).stem}.mid")]
        return [(source, tuple(outputs))]
    if options.play:
        raise UsageError("--play plays one piece", cure="give one file")
    if len(outputs) != 1 or outputs[0].suffix or str(outputs[0]) == "-":
        raise UsageError("several files need one folder to be written to", cure="give it with -o FOLDER")
    folder = outputs[0].resolve()
    if any(source.resolve().is_relative_to(folder) for source, _ in sources):
        raise UsageError("the output folder holds the input files", where=str(folder), cure="choose another folder")
    return [(source, (outputs[0] / place.with_suffix(".mid"),)) for source, place in sources]


def _run_one(job: Job, options: argparse.Namespace, settings: Settings) -> int:
    from daw_bridge.cli.compose_model import opener
    from daw_bridge.offline.jobs import run_job

    result = run_job(job, opener(str(settings.values["model"])))
    if options.json:
        print_json(result.report)
    else:
        to_stdout = any(str(output) == "-" for output in job.outputs)
        for line in said(result.report):
            print(line, file=sys.stderr if to_stdout else sys.stdout)
    for warning in result.report["warnings"]:
        note(f"compose: note: {job.source}: {warning}")
    if options.play:
        from daw_bridge.cli.compose_play import play_smf

        play_smf(result.answers[0].smf, job.sound, settings.values)
    return 0


def said(report: dict[str, Any]) -> list[str]:
    """A report as lines for people."""
    where = (
        f"bar {report['start_bar']}"
        if report["bars"] <= 1
        else (f"bars {report['start_bar']}-{report['start_bar'] + max(round(report['bars']), 1) - 1}")
    )
    nats = "" if report["nats_per_note"] is None else f", {report['nats_per_note']:.2f} nats a note"
    lines = [
        f"{report['file']}: {report['notes_added']} notes by {report['model']} in {where} ({report['seconds']:.1f} s),"
        f" {report['key']}, {report['tempo_bpm']:g} bpm{nats}, seed {report['seed']}"
    ]
    for variation in report.get("variations", []):
        nats = "" if variation["nats_per_note"] is None else f", {variation['nats_per_note']:.2f} nats a note"
        lines.append(
            f"  {variation['rank']}. {', '.join(variation['outputs'])}: score {variation['score']:.2f},"
            f" {variation['notes']} notes{nats}, seed {variation['seed']}"
        )
    if "variations" not in report:
        lines += [f"  {output}" for output in report["outputs"]]
    for sound in report.get("sound", []):
        heard = (
            "silence"
            if sound["lufs"] is None
            else (f"{sound['lufs']:.1f} LUFS, true peak {sound['true_peak_dbtp']:.1f} dBTP")
        )
        lines.append(f"  {sound['file']}: {heard}")
    return lines


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 100000 is wanted, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.1 <= seconds <= 1800.0:
        raise argparse.ArgumentTypeError(f"seconds from 0.1 to 1800 are wanted, not {text!r}")
    return seconds


def _loudness(text: str) -> float:
    try:
        loudness = float(text)
    except ValueError:
        loudness = 0.0
    if not -60.0 <= loudness <= -5.0:
        raise argparse.ArgumentTypeError(f"a loudness from -60 to -5 LUFS is wanted, not {text!r}")
    return loudness


def _bars(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    last = last or first
    if not (first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last)):
        raise argparse.ArgumentTypeError(f"bars are written FIRST:LAST, counted from 1, not {text!r}")
    return int(first), int(last)


def _pitch_range(text: str) -> tuple[int, int]:
    try:
        low, high = (parse_pitch(word) for word in text.split(":"))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"a range is written LOW:HIGH, such as 48:84 or C3:C6 ({problem})") from None
    if low > high:
        raise argparse.ArgumentTypeError(f"the range {text!r} goes downwards")
    return low, high
