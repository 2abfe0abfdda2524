"""One composing job from file to files, and its report; whole, so that it can run in a process of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daw_bridge.engine.continuation import Continuer
from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import Piece
from daw_bridge.music.smf import Smf
from daw_bridge.offline.compose import Candidate, Place, Task, continue_piece, place_continuation, written
from daw_bridge.offline.drawing import derived_seed
from daw_bridge.offline.files import Highlight, check_output, read_any, write_any
from daw_bridge.offline.infill import infill_piece, old_notes, place_infill, written_infill
from daw_bridge.offline.judging import Reference
from daw_bridge.offline.render import RenderSettings

_EXTRA_TRIES: Final = 4

OpenModel = Callable[[], Continuer]
"""Opens the model on first use: a file that cannot be used must not cost the time a model takes to load."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to continue (or to fill in, with `infill` as first and last bar), and the files to write."""

    source: Path
    outputs: tuple[Path, ...]
    task: Task
    infill: tuple[int, int] | None = None
    variations: int = 1
    sound: RenderSettings = field(default_factory=RenderSettings)


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished version of the piece."""

    smf: Smf
    candidate: Candidate
    seed: int
    score: float
    bridge_nats: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a job gave: its report as plain values, and the pieces in order of rank."""

    report: dict[str, Any]
    answers: tuple[Answer, ...]


def run_job(job: Job, open_model: OpenModel) -> Result:
    """Read, draw, write. Raises UsageError for a file or request that cannot be, BridgeError when writing fails."""
    begun_s = time.perf_counter()
    for output in job.outputs:
        check_output(output)
    piece = read_any(job.source)
    place = _placed(piece, job)
    read_s = time.perf_counter() - begun_s
    continuer = open_model()
    opened_s = time.perf_counter() - begun_s
    continuer.follow(place.context)
    heard_s = time.perf_counter() - begun_s
    answers = _answers(continuer, place, job)
    drawn_s = time.perf_counter() - begun_s
    files = _write_all(job, place, answers)
    best = answers[0]
    generation_s = best.candidate.drawn_in_s
    report = {
        "file": str(job.source),
        "outputs": [written_file["file"] for written_file in files],
        **_place_report(place),
        "model": continuer.name,
        "seed": best.seed,
        "notes_added": len(best.candidate.notes),
        "nats_per_note": _rounded(best.candidate.verdict.nats_per_note),
        "settings": _settings(job.task, place),
        "warnings": list(piece.smf.warnings),
        "time": {
            "read_s": round(read_s, 3),
            "open_model_s": round(opened_s - read_s, 3),
            "listen_s": round(heard_s - opened_s, 3),
            "generate_s": round(generation_s, 4),
            "choose_s": round(drawn_s - heard_s - generation_s, 3),
            "write_s": round(time.perf_counter() - begun_s - drawn_s, 3),
            "total_s": round(time.perf_counter() - begun_s, 3),
        },
        "times_realtime": round(place.stretch.length_s / max(generation_s, 1e-6), 1),
    }
    if job.infill:
        report["notes_removed"] = len(old_notes(place))
        report["bridge_nats_per_note"] = _rounded(best.bridge_nats)
    if job.variations > 1:
        report["variations"] = [_ranked(rank, answer, files) for rank, answer in enumerate(answers, start=1)]
    sounds = [written_file for written_file in files if "lufs" in written_file]
    if sounds:
        report["sound"] = sounds
    return Result(report, tuple(answers))


def numbered(path: Path, rank: int, of: int) -> Path:
    """The name of variation number `rank`: `out-2.mid`; the name itself when there is only one."""
    return path if of == 1 or str(path) == "-" else path.with_name(f"{path.stem}-{rank}{path.suffix}")


def _placed(piece: Piece, job: Job) -> Place:
    try:
        if job.infill:
            return place_infill(piece, job.task, *job.infill)
        return place_continuation(piece, job.task)
    except UsageError as error:
        raise UsageError(error.what, where=str(job.source), cure=error.cure) from None


def _answers(continuer: Continuer, place: Place, job: Job) -> list[Answer]:
    """As many different answers as asked for, best first; fewer when the model keeps repeating itself."""
    found: dict[tuple[tuple[float, int], ...], Answer] = {}
    ranked = job.variations > 1 or job.task.best_of > 1 or job.infill is not None
    reference = Reference.of(continuer, place.context, drums=place.drums, ranked=ranked)
    for number in range(job.variations * _EXTRA_TRIES):
        answer = _answer(continuer, place, job, derived_seed(job.task.seed, number), reference)
        found.setdefault(tuple((note.onset_s, note.pitch) for note in answer.candidate.notes), answer)
        if len(found) == job.variations:
            break
    return sorted(found.values(), key=lambda answer: -answer.score)


def _answer(continuer: Continuer, place: Place, job: Job, seed: int, reference: Reference | None) -> Answer:
    if job.infill:
        bridge = infill_piece(continuer, place, job.task, seed, reference)
        candidate, score, bridge_nats = bridge.candidate, bridge.score, bridge.bridge_nats
        smf = written_infill(place, candidate.notes, job.task, _track_name(continuer, place, job))
    else:
        candidate = continue_piece(continuer, place, job.task, seed, reference)
        score, bridge_nats = candidate.verdict.score, None
        smf = written(place, candidate.notes, job.task, _track_name(continuer, place, job))
    return Answer(smf, candidate, seed, score, bridge_nats)


def _track_name(continuer: Continuer, place: Place, job: Job) -> str:
    """What a DAW shows: the model, and what the track does."""
    if job.infill:
        return f"{continuer.name}: bars {job.infill[0]}-{job.infill[1]}"
    return f"{continuer.name}: from bar {int(place.piece.meter.bar_at(place.stretch.start_tick)) + 1}"


def _write_all(job: Job, place: Place, answers: list[Answer]) -> list[dict[str, object]]:
    files = []
    for rank, answer in enumerate(answers, start=1):
        for output in job.outputs:
            path = numbered(output, rank, len(answers))
            new = Highlight(
                frozenset() if job.task.replace else frozenset({len(answer.smf.tracks) - 1}),
                place.stretch.start_tick,
                place.stretch.end_tick,
            )
            figures = write_any(path, answer.smf, title=job.source.stem, new=new, sound=job.sound)
            files.append({"file": str(path), "rank": rank, **figures})
    return files


def _place_report(place: Place) -> dict[str, Any]:
    meter = place.piece.meter.at(place.stretch.start_tick)
    tempo_bpm = 60.0 / (place.piece.tempo.tick_length_s(place.stretch.start_tick) * place.piece.meter.ticks_per_beat)
    bars = place.piece.meter.bar_at(place.stretch.end_tick) - place.piece.meter.bar_at(place.stretch.start_tick)
    return {
        "part": place.lead.label if len(place.parts) == 1 else f"{len(place.parts)} parts",
        "key": place.key.name,
        "tempo_bpm": round(tempo_bpm, 2),
        "meter": f"{meter.beats}/{meter.unit}",
        "start_bar": math.floor(place.piece.meter.bar_at(place.stretch.start_tick) + 1e-9) + 1,
        "start_s": round(place.stretch.start_s, 6),
        "seconds": round(place.stretch.length_s, 3),
        "bars": round(bars, 3),
        "on_grid": place.grid is not None,
    }


def _settings(task: Task, place: Place) -> dict[str, Any]:
    controls = place.controls
    return {
        "temperature": controls.temperature,
        "top_p": controls.top_p,
        "key": controls.key,
        "density": controls.density,
        "imitation": controls.imitation,
        "follow_velocity": controls.follow_velocity,
        "tonality": controls.tonality,
        "variety": controls.variety,
        "pitch_low": controls.pitch_low,
        "pitch_high": controls.pitch_high,
        "max_polyphony": controls.max_polyphony,
        "seed": task.seed,
        "best_of": task.best_of,
        "replace": task.replace,
    }


def _ranked(rank: int, answer: Answer, files: list[dict[str, object]]) -> dict[str, Any]:
    verdict = answer.candidate.verdict
    return {
        "rank": rank,
        "outputs": [file["file"] for file in files if file["rank"] == rank],
        "seed": answer.seed,
        "score": round(answer.score, 3),
        "notes": len(answer.candidate.notes),
        "nats_per_note": _rounded(verdict.nats_per_note),
        "notes_per_s": round(verdict.notes_per_s, 2),
        "repetition": round(verdict.repetition, 3),
        "same_pitches": round(verdict.same_pitches, 3),
        "bridge_nats_per_note": _rounded(answer.bridge_nats),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
