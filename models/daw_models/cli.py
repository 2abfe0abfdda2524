"""`aiart-bridge models`: list, prepare, train, evaluate and export models."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daw_bridge.arguments import Parser
from daw_bridge.errors import UsageError
from daw_models.weights_file import builtin_models, builtin_pictures, find_model, read_header

if TYPE_CHECKING:
    from daw_models.art.recipes import PictureRecipe
    from daw_models.train.continuations import Player

    Instrument = Callable[[Path, Sequence[str]], Player]


def main(argv: Sequence[str], instrument: Instrument | None = None) -> int:
    """Run one `models` command; returns the exit status. Raises BridgeError for what the user has to know.

    `instrument` makes the player whose answers are judged, from a compiled program and settings as `NAME=VALUE`.
    """
    arguments = _parser().parse_args(argv)
    arguments.instrument = instrument
    command: Callable[[argparse.Namespace], int] = arguments.command
    return command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="aiart-bridge models", description="The models: what there is, and your own.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    listing = commands.add_parser("list", help="the models that ship with us")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(command=_list)

    prepare = commands.add_parser("prepare", help="turn folders or archives of MIDI into one training file")
    prepare.add_argument("data", type=Path, nargs="+", metavar="DIR|ARCHIVE")
    prepare.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="ends in .corpus")
    prepare.add_argument("--exclude", type=Path, action="append", default=[], metavar="LIST", help="file names to skip")
    prepare.set_defaults(command=_prepare)

    train = commands.add_parser("train", help="train a model, or go on from a shipped one with --from")
    data_help = "MIDI, or a .corpus file; pictures for a recipe that paints"
    train.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help=data_help)
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoints, log and the model")
    train.add_argument("--recipe", default=None, metavar="NAME|FILE", help="default: own, which fine-tunes")
    start_help = "the model to start from; default: lstm, unless --recipe is given"
    train.add_argument("--from", dest="start", default=None, metavar="NAME|FILE", help=start_help)
    train.add_argument("--resume", action="store_true", help="go on with the run in --out")
    train.add_argument("--minutes", type=float, default=None, metavar="M", help="stop after so long")
    train.add_argument("--exclude", type=Path, action="append", default=[], metavar="LIST", help="file names to skip")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser("evaluate", help="measure a model on held-out music, or a painter on pictures")
    evaluate.add_argument("--model", default="lstm", metavar="NAME|FILE")
    evaluate.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH")
    evaluate.add_argument("--train-data", type=Path, nargs="+", default=[], metavar="PATH", help="what it learnt from")
    evaluate.add_argument("--calls", type=int, default=50, metavar="N", help="calls to be answered")
    evaluate.add_argument("--seed", type=int, default=20, metavar="N", help="chooses the calls and what is drawn")
    set_help = "of the bridge that answers, such as tonality=0; its defaults otherwise"
    evaluate.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=set_help)
    only_help = "judge the answers alone: no likelihood, no baselines, no speed"
    evaluate.add_argument("--answers-only", action="store_true", help=only_help)
    evaluate.add_argument("--bare", action="store_true", help="let the model answer without the bridge's controls")
    sheet_help = "of a painter: 200 pictures, each beside the training picture most like it"
    evaluate.add_argument("--sheet", type=Path, default=None, metavar="PNG", help=sheet_help)
    compare_help = "more models that paint (names, files or folders of runs), all in one table"
    evaluate.add_argument("--compare", nargs="+", default=[], metavar="MODEL", help=compare_help)
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    evaluate.set_defaults(command=_evaluate)

    benchmark = commands.add_parser("benchmark", help="our cores beside the literature on the field's piano-rolls")
    benchmark.add_argument(
        "--data", type=Path, required=True, metavar="DIR|ARCHIVE", help="pianoroll_benchmarks.tar.xz"
    )
    benchmark.add_argument("--sets", nargs="+", default=["jsb", "nottingham"], metavar="SET")
    benchmark.add_argument("--minutes", type=float, default=None, metavar="M", help="at most so long for each net")
    benchmark.add_argument("--json", action="store_true", help="print JSON")
    benchmark.set_defaults(command=_benchmark)

    export = commands.add_parser("export", help="a checkpoint becomes a model file")
    export.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="the file, or the folder of a run")
    export.add_argument("-o", "--out", type=Path, required=True, metavar="FILE.safetensors")
    export.add_argument("--licence", default=None, help="of the weights (default: the one of the run)")
    export.add_argument("--figures", type=Path, default=None, metavar="JSON", help="a report to keep in the header")
    export.set_defaults(command=_export)
    return parser


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say(entry: str) -> None:
    """One entry of the log in words."""
    facts = json.loads(entry)
    minutes, seconds = divmod(round(facts["elapsed_s"]), 60)
    if "loss" in facts:
        text = f"{facts['loss']:.2f} nats a note"
    else:
        text = "held out: " + (
            ", ".join(f"{name} {parts[0]:.2f}" for name, parts in facts["valid"].items()) or "nothing"
        )
    print(f"step {facts['step']:>6}  {minutes:>3}:{seconds:02}  {text}", flush=True)


def _list(arguments: argparse.Namespace) -> int:
    found = []
    for name, path in {**builtin_models(), **builtin_pictures()}.items():
        header = read_header(path)
        architecture = header["architecture"]
        family = architecture.get("family") if isinstance(architecture, dict) else None
        found.append(
            {
                "name": name,
                "family": family,
                "kind": header.get("kind", "music"),
                "licence": header.get("licence"),
                "bytes": path.stat().st_size,
                "figures": header["figures"],
                "file": str(path),
            }
        )
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    for entry in found:
        size = int(str(entry["bytes"])) / 1e6
        print(f"{entry['name']:<20} {entry['family']!s:<12} {size:6.1f} MB  weights {entry['licence']}")
    if not found:
        _warn("no model ships with this copy; train one with `models train`")
    return 0


def _prepare(arguments: argparse.Namespace) -> int:
    from daw_bridge.music.vocabulary import Vocabulary
    from daw_models.data.corpus import build_corpus, read_exclusions, read_pieces

    if arguments.out.suffix != ".corpus":
        raise UsageError("a prepared file ends in .corpus", where=str(arguments.out))
    vocabulary = Vocabulary()
    excluded = read_exclusions(arguments.exclude)
    corpus = build_corpus(list(read_pieces(arguments.data, vocabulary, warn=_warn, excluded=excluded)), vocabulary)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    corpus.save(arguments.out)
    for name in dict.fromkeys(corpus.set_names):
        train, valid = corpus.pieces("train", name), corpus.pieces("valid", name)
        notes = sum(corpus.span(piece)[1] - corpus.span(piece)[0] for piece in train + valid)
        print(f"{name:<24} {len(train):6} train {len(valid):5} valid {notes:9} notes")
    return 0


def _train(arguments: argparse.Namespace) -> int:
    # Read once, when torch is first imported: threads that spin while they wait cost most of a busy processor.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from daw_bridge.music.vocabulary import Vocabulary
    from daw_models.art.recipes import picture_recipe
    from daw_models.data.corpus import Corpus, build_corpus, read_exclusions, read_pieces
    from daw_models.nets.build import load_net
    from daw_models.train.export import export
    from daw_models.train.loop import train
    from daw_models.train.recipe import read_recipe

    if arguments.minutes is not None and arguments.minutes <= 0:
        raise UsageError("--minutes must be more than 0")
    painted = picture_recipe(arguments.recipe) if arguments.recipe else None
    if painted is not None:
        return _train_pictures(painted, arguments)
    recipe = read_recipe(arguments.recipe or "own")
    start = None
    origin = arguments.start or (None if arguments.recipe else "lstm")
    if origin:
        base = find_model(origin)
        net = load_net(base)
        recipe, start = recipe.with_net(net.config), net.state_dict()
        recipe = replace(recipe, licence=recipe.licence or str(read_header(base).get("licence", "")))
    if len(arguments.data) == 1 and arguments.data[0].suffix == ".corpus":
        corpus = Corpus.open(arguments.data[0])
    else:
        vocabulary = Vocabulary()
        excluded = read_exclusions(arguments.exclude)
        corpus = build_corpus(list(read_pieces(arguments.data, vocabulary, warn=_warn, excluded=excluded)), vocabulary)
    pieces = corpus.pieces("train")
    notes = sum(corpus.span(piece)[1] - corpus.span(piece)[0] for piece in pieces)
    print(f"{len(pieces)} pieces to learn from, {notes:,} notes; {len(corpus) - len(pieces)} held out", flush=True)
    checkpoint = train(
        recipe,
        corpus,
        arguments.out,
        resume=arguments.resume,
        minutes=arguments.minutes,
        start_from=start,
        say=_say,
    )
    if checkpoint is not None:
        weights = export(checkpoint, arguments.out / f"{_model_name(arguments.out)}.safetensors")
        print(f"model: {weights}; play with it: aiart-bridge --model {weights}")
    return 0


def _train_pictures(recipe: PictureRecipe, arguments: argparse.Namespace) -> int:
    from daw_models.art.train import train_pictures
    from daw_models.cover.upscaler_training import train_by_recipe

    if arguments.start is not None or arguments.exclude:
        raise UsageError("a recipe that paints takes neither --from nor --exclude", where=recipe.where)
    train = train_by_recipe if recipe.family == "upscaler" else train_pictures
    weights = train(
        recipe, arguments.data, arguments.out, resume=arguments.resume, minutes=arguments.minutes, say=print
    )
    print("model: " + ", ".join(map(str, weights)))
    return 0


def _model_name(out: Path) -> str:
    return out.resolve().name or "model"


def _evaluate_pictures(weights: Path, arguments: argparse.Namespace) -> int:
    from daw_models.art.compare import compare_painters, picture_file
    from daw_models.art.evaluate import SAMPLES, evaluate_painter

    if not arguments.compare:
        report = evaluate_painter(weights, arguments.data, sheet=arguments.sheet, say=_warn)
        if arguments.json:
            print(json.dumps(report, indent=2))
        else:
            _print_report(report)
        return 0
    models = [weights]
    for name in arguments.compare:
        found = picture_file(name)
        if found is None:
            raise UsageError("holds no model that paints", where=name, cure="give a name, a file or a run's folder")
        models.append(found)
    rows = compare_painters(models, arguments.data, samples=SAMPLES, say=_warn)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return 0
    print("| " + " | ".join(rows[0]) + " |")
    print("| " + " | ".join("---" for _ in rows[0]) + " |")
    for row in rows:
        print("| " + " | ".join(str(figure) for figure in row.values()) + " |")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from daw_models.art.compare import picture_file

    painted = picture_file(arguments.model)
    if painted is not None:
        return _evaluate_pictures(painted, arguments)
    if arguments.compare or arguments.sheet:
        raise UsageError("--compare and --sheet are for models that paint", where=arguments.model)
    from daw_models.train.evaluate import evaluate

    if arguments.calls < 0:
        raise UsageError("--calls must be 0 or more")
    if arguments.seed < 0:
        raise UsageError("--seed must be 0 or more")
    if arguments.bare and arguments.set:
        raise UsageError("--set says how the bridge plays, which --bare leaves out", cure="give one of the two")
    bare = arguments.bare or arguments.instrument is None
    report = evaluate(
        find_model(arguments.model),
        arguments.data,
        train_data=arguments.train_data,
        calls=arguments.calls,
        seed=arguments.seed,
        answers_only=arguments.answers_only,
        instrument=None if bare else partial(_player, arguments.instrument, arguments.set),
        warn=_warn,
    )
    if arguments.json:
        print(json.dumps(report, indent=2))
        return 0
    _print_report(report)
    return 0


def _print_report(report: Mapping[str, object]) -> None:
    for key, value in report.items():
        if isinstance(value, dict):
            print(f"{key}:")
            for name, entry in value.items():
                print(f"  {name:<22} {_plain(entry)}")
        else:
            print(f"{key + ':':<24} {value}")


def _player(instrument: Instrument, settings: Sequence[str], program: Path) -> Player:
    return instrument(program, settings)


def _benchmark(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from daw_models.train.field import benchmark, lines

    if arguments.minutes is not None and arguments.minutes <= 0:
        raise UsageError("--minutes must be more than 0")
    report = benchmark(arguments.data, arguments.sets, minutes=arguments.minutes, say=_warn)
    for line in [json.dumps(report, indent=2)] if arguments.json else lines(report):
        print(line)
    return 0


def _plain(entry: object) -> str:
    if isinstance(entry, dict):
        return ", ".join(f"{name} {value}" for name, value in entry.items())
    return str(entry)


def _export(arguments: argparse.Namespace) -> int:
    from daw_models.train.export import export

    figures = None
    if arguments.figures is not None:
        try:
            figures = json.loads(arguments.figures.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"not a JSON report ({error})", where=str(arguments.figures)) from error
    print(export(arguments.checkpoint, arguments.out, licence=arguments.licence, figures=figures))
    return 0
