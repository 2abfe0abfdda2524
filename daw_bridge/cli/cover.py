"""`aiart-bridge cover`: cover art for a piece or a take."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daw_bridge.cli.compose_many import found_files
from daw_bridge.cli.cover_options import mix_of, offsets, parser, words_of
from daw_bridge.cli.output import note, print_json, progress
from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import Piece, write_bytes
from daw_bridge.offline.files import read_any

if TYPE_CHECKING:
    from daw_models.cover.hearing import Heard
    from daw_models.cover.retouch import Retouch
    from daw_models.cover.studio import Cover, Order, Studio

_MOST_VARIATIONS = 36


@dataclass(frozen=True, slots=True)
class _Task:
    """A piece as heard, what is asked for it, and where its cover goes."""

    source: Path
    heard: Heard
    order: Order
    out: Path


def main(argv: Sequence[str]) -> int:
    """Make the covers. Returns 0, or 1 when some of several files failed and 2 when all did."""
    # Read once, when torch is first imported: threads that spin while they wait cost most of a busy processor.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    options = parser().parse_args(argv)
    if not 1 <= options.variations <= _MOST_VARIATIONS:
        raise UsageError(f"{options.variations} variations cannot be shown", cure=f"choose 1 to {_MOST_VARIATIONS}")
    if options.live:
        return _live(options)
    if not options.files:
        raise UsageError("no piece to paint", cure="give a MIDI file; see aiart-bridge cover --help")
    found, many = found_files(options.files)
    if options.video is not None:
        return _film(options, found, many)
    if many and (options.variations > 1 or options.title is not None):
        raise UsageError("--title and --variations are for one piece", cure="give one file")
    outputs = _outputs(options, found, many)
    _check_places([*outputs, *([options.sheet] if options.sheet else [])])
    tasks, failed = _tasks(options, found, outputs, many)
    if not tasks:
        return 2
    from daw_models.cover.studio import Studio

    reports = _make(options, Studio(), tasks)
    if options.json:
        print_json(reports[0] if len(reports) == 1 and not many else {"covers": reports, "failed": failed})
    return 1 if failed else 0


def _live(options: argparse.Namespace) -> int:
    """A picture in the terminal that answers the bridge; its wish is that of the piece, if one is given."""
    from daw_bridge.cli.cover_live import run_live
    from daw_models.art.painter import Wish
    from daw_models.cover.hearing import hear
    from daw_models.cover.live import LivePicture
    from daw_models.cover.studio import Studio

    general, studio = _general(options), Studio()
    wish, seed = Wish(general["set_name"] or "landscape"), options.seed or 0
    if options.files:
        source = options.files[0]
        piece = read_any(source)
        chosen, _ = studio.wished(hear(piece, str(source)), _order(options, piece, source, general))
        wish, seed = chosen.wish, chosen.seed
    return run_live(LivePicture(studio.painter, wish, seed), "127.0.0.1", options.osc_port)


def _film(options: argparse.Namespace, found: Sequence[tuple[Path, Path]], many: bool) -> int:
    """The moving cover of one piece."""
    if many:
        raise UsageError("a video is of one piece", where="--video", cure="give one file")
    from daw_bridge.cli.cover_video import film
    from daw_models.cover.hearing import hear
    from daw_models.cover.studio import Studio

    source = found[0][0]
    piece = read_any(source)
    order = _order(options, piece, source, _general(options))
    heard = hear(piece, str(source))
    facts = film(piece, heard, order, Studio(), options.video, rate_hz=options.fps, side=options.video_size)
    if options.json:
        print_json({"source": str(source), **facts})
    else:
        sound = "with its sound" if facts["sound"] else "silent"
        print(f"{options.video}  {facts['pictures']} pictures, {facts['seconds']:.1f} s, {sound}")
    return 0


def make_cover(source: Path, out: Path, *, title: str, artist: str, size: int) -> dict[str, Any]:
    """One cover with every choice left to the music, written to `out`; its figures. Raises BridgeError."""
    from daw_models.cover.hearing import hear
    from daw_models.cover.studio import Order, Studio

    cover = Studio().cover(hear(read_any(source), str(source)), Order(title=title, artist=artist, size=size))
    encoded = cover.encoded()
    write_bytes(out, encoded.data)
    return {"file": str(out), "bytes": len(encoded.data), **cover.facts}


def _outputs(options: argparse.Namespace, found: Sequence[tuple[Path, Path]], many: bool) -> list[Path]:
    """Where each cover goes. Raises UsageError for a name that is no PNG's."""
    for path in (options.sheet, None if many else options.out):
        if path is not None and not path.is_dir() and path.suffix.lower() != ".png":
            raise UsageError("a cover is a PNG", where=str(path), cure=f"name it {path.stem}.png")
    if many and options.out is not None and options.out.suffix.lower() == ".png":
        raise UsageError(
            "one file cannot hold several covers", where=str(options.out), cure="name a folder, or use --sheet"
        )
    if not many and options.out is not None and not options.out.is_dir():
        return [options.out]
    if options.out is not None:
        return [options.out / place.with_suffix(".png") for _, place in found]
    return [Path("cover.png") if str(file) == "-" else file.with_suffix(".png") for file, _ in found]


def _check_places(outputs: Sequence[Path]) -> None:
    """Raise UsageError before the work rather than after it."""
    for folder in {out.parent for out in outputs}:
        nearest = folder
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
        if not nearest.is_dir():
            raise UsageError("is no folder", where=str(nearest), cure="choose another place with -o")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise UsageError("is not yours to write to", where=str(nearest), cure="choose another place with -o")
    for out in outputs:
        if out.is_dir() or (out.exists() and not os.access(out, os.W_OK)):
            raise UsageError("cannot be written over", where=str(out), cure="choose another name with -o")


def _tasks(
    options: argparse.Namespace, found: Sequence[tuple[Path, Path]], outputs: Sequence[Path], many: bool
) -> tuple[list[_Task], list[dict[str, str]]]:
    """What is to be done, and what cannot be; a single file that cannot be used is raised as UsageError."""
    from daw_models.cover.hearing import hear

    tasks: list[_Task] = []
    failed: list[dict[str, str]] = []
    general = _general(options)
    for (source, _), out in zip(found, outputs, strict=True):
        try:
            piece = read_any(source)
            tasks.append(_Task(source, hear(piece, str(source)), _order(options, piece, source, general), out))
        except UsageError as error:
            if not many:
                raise
            failed.append({"file": str(source), "error": str(error)})
            note(f"aiart-bridge cover: error: {error}")
    return tasks, failed


def _general(options: argparse.Namespace) -> dict[str, Any]:
    """What is asked of every cover. Raises UsageError for options that cannot be."""
    from daw_models.cover.hearing import hear
    from daw_models.cover.studio import Order, check
    from daw_models.cover.words import understand

    moves = offsets(options)
    meant = understand(options.words)
    for word in meant.unknown:
        note(f"--words: {word!r} is not in the table, so it changes nothing")
    for name, by in meant.offsets.items():
        moves[name] = min(max(moves.get(name, 0.0) + by, -1.0), 1.0)
    general: dict[str, Any] = {
        "size": options.size,
        "layout": options.layout,
        "finish": options.finish,
        "set_name": options.set or meant.set_name,
        "seed": options.seed,
        "offsets": moves,
    }
    general["retouch"] = _retouch(options)
    check(Order(**general))
    if options.mix:
        path, share = mix_of(options.mix)
        general["mix"] = (hear(read_any(path), str(path)), share)
    return general


def _retouch(options: argparse.Namespace) -> Retouch | None:
    """What is to be done to the picture, if anything. Raises UsageError for what cannot be read or is not known."""
    if not 0.1 <= options.style_weight <= 10.0:
        raise UsageError(f"{options.style_weight:g} is outside 0.1 to 10", where="--style-weight", cure="1 is usual")
    asked = (options.picture, options.inpaint, options.enhance, options.dream, options.style)
    if not any(part is not None and part is not False for part in asked):
        return None
    from daw_models.cover.retouch import Retouch, check_layer, read_mask, read_picture

    if options.dream is not None and options.vgg is None:
        check_layer(options.dream)
    picture = read_picture(options.picture) if options.picture else None
    return Retouch(
        picture=picture,
        mask=read_mask(options.inpaint, picture) if options.inpaint else None,
        enhance=options.enhance,
        style=read_picture(options.style) if options.style else None,
        style_weight=options.style_weight,
        dream=options.dream,
        vgg=options.vgg,
    )


def _order(options: argparse.Namespace, piece: Piece, source: Path, general: dict[str, Any]) -> Order:
    from daw_models.cover.studio import Order

    title, artist = words_of(options, piece, source)
    return Order(title=title, artist=artist, **general)


def _make(options: argparse.Namespace, studio: Studio, tasks: Sequence[_Task]) -> list[dict[str, Any]]:
    """Every cover, each written or put on the sheet; a report of each."""
    from dataclasses import replace

    if options.variations == 1 and options.sheet is None:
        return [
            _write(options, task.source, studio.cover(task.heard, task.order), task.out)
            for task in progress(tasks, total=len(tasks), label="covers")
        ]
    from daw_models.cover.contact import contact_sheet, tile_side
    from daw_models.cover.png import encode

    wanted = [
        (task, replace(task.order, variation=number), _numbered(task.out, number, options.variations))
        for task in tasks
        for number in range(options.variations)
    ]
    # A tile is drawn at twice its size: strokes keep their share of the picture at any size.
    small = min(options.size, 2 * tile_side(len(wanted)))
    tiles, reports = [], []
    for task, order, out in progress(wanted, total=len(wanted), label="covers"):
        if options.singles:
            cover = studio.cover(task.heard, order)
            reports.append(_write(options, task.source, cover, out))
        else:
            cover = studio.cover(task.heard, replace(order, size=small))
            reports.append({"source": str(task.source), **cover.facts})
            _explain(options, task.source, cover)
        tiles.append(cover.pixels)
    sheet = options.sheet or tasks[0].out
    if options.singles and options.sheet is None:
        sheet = sheet.with_stem(f"{sheet.stem}-variations")
    data = encode(contact_sheet(tiles), {"Software": "aiart-bridge cover"}, limit=60_000_000).data
    write_bytes(sheet, data)
    if not options.json:
        print(f"{sheet}  {len(tiles)} covers, {len(data) / 1e6:.1f} MB")
    return reports


def _numbered(path: Path, number: int, of: int) -> Path:
    return path if of == 1 else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _write(options: argparse.Namespace, source: Path, cover: Cover, out: Path) -> dict[str, Any]:
    """Write one cover and say what it is."""
    encoded = cover.encoded()
    write_bytes(out, encoded.data)
    for warning in cover.type.warnings:
        note(f"{out}: {warning}")
    report: dict[str, Any] = {"source": str(source), "file": str(out), "bytes": len(encoded.data), **cover.facts}
    if options.json:
        report |= {"heard": list(cover.chosen.heard), "reasons": list(cover.chosen.reasons)}
        report["check"] = {point: holds for point, holds, _ in _preflight(cover, encoded.data)}
        return report
    facts = cover.facts
    print(
        f"{out}  {facts['cover_px']} x {facts['cover_px']}, {len(encoded.data) / 1e6:.1f} MB, "
        f"{facts['set']}, {facts['finish']}, {facts['layout']}"
    )
    _explain(options, source, cover)
    if options.check:
        for point, holds, figure in _preflight(cover, encoded.data):
            print(f"  {'yes' if holds else 'NO ':<4} {point}: {figure}")
    return report


def _preflight(cover: Cover, data: bytes) -> list[tuple[str, bool, str]]:
    from daw_models.cover.studio import preflight

    return preflight(cover, data)


def _explain(options: argparse.Namespace, source: Path, cover: Cover) -> None:
    if not options.explain or options.json:
        return
    from daw_models.cover.studio import explained

    print(source)
    for line in explained(cover):
        print(f"  {line}")
