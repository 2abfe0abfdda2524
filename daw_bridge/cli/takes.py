"""`aiart-bridge takes`: list, show, export and replay recorded sessions."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from daw_bridge.arguments import Parser
from daw_bridge.cli.output import note, print_json, print_table, progress
from daw_bridge.cli.settings import load
from daw_bridge.engine.continuation import DRAWING, Continuer
from daw_bridge.errors import UsageError
from daw_bridge.io.take_reading import Take, Turn, find_take, read_take, take_files
from daw_bridge.io.takes import takes_folder
from daw_bridge.music.notes import Note

_PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def main(argv: Sequence[str]) -> int:
    """Run `takes ...`. Returns the exit status: 1 when a replay differs."""
    options = _parser().parse_args(argv)
    folder = (
        Path(options.takes_dir).expanduser() if options.takes_dir else takes_folder(load(options.config, {}).values)
    )
    command: Callable[[argparse.Namespace, Path], int] = options.command
    return command(options, folder)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="aiart-bridge takes", description="Recorded sessions: every call, every answer, to the note.")
    commands = parser.add_subparsers(
        required=True, metavar="list | show | export | render | replay", parser_class=Parser
    )
    common = Parser(add_help=False)
    common.add_argument(
        "--takes-dir", metavar="DIR", default="", help="folder of the takes (default from the settings)"
    )
    common.add_argument("--config", type=Path, metavar="FILE", default=None, help="settings file (TOML)")
    of_one = Parser(add_help=False, parents=[common])
    of_one.add_argument("take", metavar="TAKE", help="a file, an id or its beginning, or `last`")

    listing = commands.add_parser("list", parents=[common], help="all takes of the folder, oldest first")
    listing.add_argument("--last", type=int, metavar="N", default=0, help="only the newest so many")
    listing.add_argument("--turns", action="store_true", help="with --json: also the notes of every turn")
    listing.set_defaults(command=_list)
    show = commands.add_parser("show", parents=[of_one], help="the turns of a take")
    show.set_defaults(command=_show)
    export = commands.add_parser("export", parents=[of_one], help="call and response as tracks of a MIDI file")
    export.add_argument("-o", "--out", type=Path, metavar="OUT.mid", help="the file to write")
    export.add_argument("--musicxml", type=Path, metavar="OUT.musicxml", help="a score of it, rounded to sixteenths")
    export.set_defaults(command=_export)
    render = commands.add_parser("render", parents=[of_one], help="call and response as sound")
    render.add_argument("-o", "--out", type=Path, metavar="OUT.wav", required=True, help="the file: .wav .flac .ogg")
    render.add_argument("--soundfont", metavar="FILE", default="", help="SoundFont to use (default finds one)")
    render.set_defaults(command=_render)
    replay = commands.add_parser("replay", parents=[of_one], help="ask the model again and compare note for note")
    replay.add_argument("--turn", type=int, metavar="N", help="only this turn")
    replay.add_argument("--model", metavar="NAME|FILE", default="", help="the model to ask (default the take's)")
    replay.set_defaults(command=_replay)
    for command in (listing, show, export, render, replay):
        command.add_argument("--json", action="store_true", help="for scripts")
    return parser


def _opened(options: argparse.Namespace, folder: Path) -> Take:
    take = read_take(find_take(options.take, folder))
    if take.notes:
        note(f"{take.file}: {'; '.join(take.notes)}; what is whole is used")
    return take


# list


def _list(options: argparse.Namespace, folder: Path) -> int:
    if options.last < 0:
        raise UsageError(f"--last is how many takes, not {options.last}")
    takes: list[Take] = []
    for file in take_files(folder)[-options.last :]:
        try:
            takes.append(read_take(file, brief=True))
        except UsageError as error:
            note(f"aiart-bridge: {error}")
    if options.json:
        print_json({"folder": str(folder), "takes": [_entry(take, options.turns) for take in takes]})
    elif takes:
        print_table(
            ("take", "started", "length", "turns", "kept", "model", ""),
            [
                (
                    take.header.id,
                    _local(take.header.started),
                    _duration(take.length_s),
                    str(len(take.turns)),
                    str(sum(turn.kept for turn in take.turns)),
                    take.header.model.name,
                    "" if take.complete else "cut short",
                )
                for take in takes
            ],
        )
    else:
        note(f"no takes in {folder}")
    return 0


def _entry(take: Take, with_turns: bool) -> dict[str, Any]:
    turns = {"turn_list": [_turn_json(take, turn) for turn in take.turns]} if with_turns else {}
    return {**_summary(take), **turns}


def _summary(take: Take) -> dict[str, Any]:
    return {
        "id": take.header.id,
        "file": str(take.file),
        "started": take.header.started,
        "length_s": round(take.length_s, 3),
        "turns": len(take.turns),
        "kept": sum(turn.kept for turn in take.turns),
        "notes_in": sum(len(turn.called.call) for turn in take.turns),
        "notes_out": sum(len(turn.ended.played) for turn in take.turns if turn.ended),
        "model": take.header.model.name,
        "model_sha256": take.header.model.sha256,
        "seed": take.header.seed,
        "tempo_bpm": take.tempo_bpm,
        "faults": len(take.faults),
        "complete": take.complete,
        "notes": list(take.notes),
    }


# show


def _show(options: argparse.Namespace, folder: Path) -> int:
    take = _opened(options, folder)
    if options.json:
        print_json(
            {
                **_summary(take),
                "settings": dict(take.settings),
                "programs": dict(take.header.programs),
                "turn_list": [_turn_json(take, turn) for turn in take.turns],
                "fault_list": [{"kind": fault.kind, "text": fault.text} for fault in take.faults],
            }
        )
        return 0
    model = take.header.model
    print(f"take     {take.header.id}  {take.file}")
    print(f"started  {_local(take.header.started)}, {_duration(take.length_s)} long")
    print(
        f"model    {model.name}{f' (sha256 {model.sha256[:12]}...)' if model.sha256 else ''}, seed {take.header.seed}"
    )
    for fault in take.faults:
        print(f"fault    {fault.kind}: {fault.text}")
    if take.turns:
        print()
        print_table(
            ("turn", "at", "call", "answer", "late", "ended", "by", "call begins", "answer begins"),
            [_turn_row(take, turn) for turn in take.turns],
        )
    return 0


def _turn_row(take: Take, turn: Turn) -> tuple[str, ...]:
    ended = turn.ended
    played = ended.played if ended else ()
    late_s = take.first_note_late_s(turn)
    return (
        f"{turn.number}{'*' if turn.kept else ''}{' taken back' if turn.forgotten else ''}",
        _duration(turn.called.start_s - take.header.started_s),
        f"{len(turn.called.call)} notes",
        f"{len(played)} notes",
        "" if late_s is None else f"{late_s * 1000:.1f} ms",
        ended.reason if ended else "cut short",
        "+".join(turn.tiers),
        _pitches(turn.called.call),
        _pitches(played),
    )


def _turn_json(take: Take, turn: Turn) -> dict[str, Any]:
    origin_s = take.header.started_s
    return {
        "turn": turn.number,
        "kept": turn.kept,
        "forgotten": turn.forgotten,
        "over_s": turn.called.over_s - origin_s,
        "start_s": turn.called.start_s - origin_s,
        "seed": turn.called.seed,
        "call": [_note_json(item, origin_s) for item in turn.called.call],
        "response": [_note_json(item, origin_s) for item in (turn.ended.played if turn.ended else ())],
        "ended": turn.ended.reason if turn.ended else None,
        "first_note_late_s": take.first_note_late_s(turn),
        "tiers": list(turn.tiers),
        "questions": len(turn.parts),
        "repeats": len(turn.repeats),
    }


def _note_json(item: Note, origin_s: float = 0.0) -> dict[str, Any]:
    return {
        "onset_s": item.onset_s - origin_s,
        "pitch": item.pitch,
        "duration_s": item.duration_s,
        "velocity": item.velocity,
        "channel": item.channel,
    }


# export


def _export(options: argparse.Namespace, folder: Path) -> int:
    from daw_bridge.io.take_export import smf_of_take
    from daw_bridge.music.midifile import write_bytes

    if options.out is None and options.musicxml is None:
        raise UsageError("export writes to a file", cure="name it with -o OUT.mid or --musicxml OUT.musicxml")
    take = _opened(options, folder)
    smf = smf_of_take(take)
    if options.musicxml is not None:
        from daw_bridge.offline.scores import write_musicxml

        write_musicxml(options.musicxml, smf.to_bytes())
    if options.out is None:
        options.out = options.musicxml
    else:
        write_bytes(options.out, smf.to_bytes())
    calls = sum(len(turn.called.call) for turn in take.turns)
    answers = sum(len(turn.ended.played) for turn in take.turns if turn.ended)
    if options.json:
        print_json({"file": str(options.out), "turns": len(take.turns), "notes_in": calls, "notes_out": answers})
    elif str(options.out) != "-":
        print(f"{options.out}: {len(take.turns)} turns, {calls} notes played, {answers} notes answered")
    return 0


def _render(options: argparse.Namespace, folder: Path) -> int:
    from daw_bridge.io.take_export import smf_of_take
    from daw_bridge.music.midifile import piece_of
    from daw_bridge.offline.render import RenderSettings, render_piece

    take = _opened(options, folder)
    sound = RenderSettings(soundfont=options.soundfont)
    rendered = render_piece(options.out, piece_of(smf_of_take(take)), sound)
    if options.json:
        print_json(
            {
                "file": str(options.out),
                "seconds": round(rendered.seconds, 3),
                **rendered.loudness.as_json(),
                "soundfont": str(rendered.soundfont),
            }
        )
    else:
        print(f"{options.out}: {rendered.seconds:.1f} s, {rendered.loudness.integrated_lufs:.1f} LUFS")
    return 0


# replay


def _replay(options: argparse.Namespace, folder: Path) -> int:
    from daw_bridge.offline.replay import replay_turn

    take = _opened(options, folder)
    turns = [turn for turn in take.turns if options.turn in (None, turn.number)]
    if options.turn is not None and not turns:
        there = f"1 to {take.turns[-1].number}" if take.turns else "none"
        raise UsageError(f"no turn {options.turn}", where=str(take.file), cure=f"its turns are {there}")
    continuers = _Continuers(take, options.model)
    replays = [
        replay_turn(turn, continuers.get) for turn in progress(turns, total=len(turns), label="replay") if turn.tiers
    ]
    different = [replay for replay in replays if not replay.same]
    if options.json:
        print_json(
            {
                "take": take.header.id,
                "turns": len(replays),
                "notes": sum(replay.notes for replay in replays),
                "same": not different,
                "model_changed": continuers.changed,
                "differences": [
                    {
                        "turn": replay.turn,
                        "note": replay.difference.index,
                        "recorded": _note_json(replay.difference.recorded),
                        "now": _note_json(replay.difference.drawn) if replay.difference.drawn else None,
                    }
                    for replay in replays
                    if replay.difference
                ],
            }
        )
    else:
        for replay in replays:
            if replay.difference is None:
                print(f"turn {replay.turn}: the same {replay.notes} notes ({'+'.join(replay.tiers)})")
            else:
                now = replay.difference.drawn
                print(
                    f"turn {replay.turn}: note {replay.difference.index + 1} of {replay.notes} differs: "
                    f"{_said(replay.difference.recorded)} in the take, {_said(now) if now else 'nothing'} now"
                )
        if not replays:
            note(f"{take.file}: no turn was answered, there is nothing to replay")
    return 1 if different else 0


class _Continuers:
    """The models a take was answered by, opened when first asked for."""

    def __init__(self, take: Take, asked: str) -> None:
        self._take = take
        self._asked = asked
        self._opened: dict[str, Continuer] = {}
        self.changed = False

    def get(self, tier: str) -> Continuer:
        if tier not in self._opened:
            self._opened[tier] = self._open(tier)
        return self._opened[tier]

    def _open(self, tier: str) -> Continuer:
        from daw_bridge.engine.memory import MEMORY_TIER, PhraseMemory

        if tier == MEMORY_TIER:
            return PhraseMemory()
        from daw_bridge.io.artefact import LoadedModel
        from daw_bridge.io.takes import identify_model
        from daw_models.program import ensure_program, find_model

        header = self._take.header
        recorded = next((model for model in header.backups if model.name == tier), header.model)
        weights = find_model(self._asked or _where_it_is(recorded.name, recorded.file))
        now = identify_model(recorded.name, weights)
        if recorded.sha256 and now.sha256 != recorded.sha256:
            self.changed = True
            note(
                f"{weights}: another model file than the take's (sha256 {now.sha256[:12]}, was {recorded.sha256[:12]})"
            )
        drawing = header.programs.get("drawing", "1")
        if drawing != DRAWING:
            self.changed = True
            note(f"{self._take.file}: models drew notes otherwise then (drawing {drawing}, now {DRAWING})")
        return LoadedModel.open(ensure_program(weights))


def _where_it_is(name: str, file: str) -> str:
    """The take's own model file where it still lies, else the model of that name."""
    return file if file and Path(file).is_file() else name


# words


def _local(started: str) -> str:
    try:
        return f"{datetime.fromisoformat(started):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return started


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60.0)
    return f"{int(minutes)}:{rest:04.1f}"


def _pitches(notes: Sequence[Note]) -> str:
    shown = " ".join(f"{_PITCH_NAMES[item.pitch % 12]}{item.pitch // 12 - 1}" for item in notes[:6])
    return shown + (" ..." if len(notes) > 6 else "")


def _said(item: Note) -> str:
    return f"{_pitches([item])} at {item.onset_s:.3f} s, {item.duration_s:.3f} s long, velocity {item.velocity}"
