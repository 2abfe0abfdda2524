"""Many files at once: found in folders, spread over processes, one bad file reported and the rest done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from daw_bridge.cli.compose_model import opener
from daw_bridge.cli.output import note, print_json, progress
from daw_bridge.engine.continuation import Continuer
from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.offline.files import INPUT_SUFFIXES
from daw_bridge.offline.jobs import Job, run_job

_worker_model: Callable[[], Continuer] | None = None


def found_files(given: Sequence[Path]) -> tuple[list[tuple[Path, Path]], bool]:
    """Every file with its place under an output folder, and whether it is a matter of many files.

    Folders are searched through. Raises UsageError for a folder without music.
    """
    found: list[tuple[Path, Path]] = []
    many = len(given) > 1
    for path in given:
        if not path.is_dir():
            found.append((path, Path(path.name)))
            continue
        many = True
        inside = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in INPUT_SUFFIXES and not file.name.startswith(".")
        )
        if not inside:
            raise UsageError("the folder holds no MIDI file, score or take", where=str(path), cure="name another one")
        found += [(file, file.relative_to(path)) for file in inside]
    if many and any(str(path) == "-" for path in given):
        raise UsageError("- (stdin) is one piece", cure="give it alone")
    return _apart(found), many


def _apart(found: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Files that would be written to the same place get numbers."""
    taken: set[Path] = set()
    out = []
    for source, place in found:
        free, number = place, 2
        while free.with_suffix("") in taken:
            free, number = place.with_stem(f"{place.stem}-{number}"), number + 1
        taken.add(free.with_suffix(""))
        out.append((source, free))
    return out


def run_many(jobs: Sequence[Job], model: str, *, workers: int, json_wanted: bool) -> int:
    """Run jobs in parallel. Returns 0 when all were done, 1 when some failed, 2 when none could be used."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    count = min(workers or _cores(), len(jobs))
    for job, outcome in progress(_outcomes(jobs, model, count), total=len(jobs), label="composing"):
        if isinstance(outcome, str):
            failed.append({"file": str(job.source), "error": outcome})
            note(f"compose: error: {outcome}")
        else:
            done.append(outcome)
    done.sort(key=lambda report: str(report["file"]))
    if json_wanted:
        print_json({"files": done, "failed": failed})
    else:
        from daw_bridge.cli.compose import said

        for report in done:
            print(said(report)[0])
        print(f"{len(done)} of {len(jobs)} files done")
    if not failed:
        return 0
    return 1 if done else 2


def _cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _outcomes(jobs: Sequence[Job], model: str, workers: int) -> Iterator[tuple[Job, dict[str, Any] | str]]:
    # A fresh interpreter each: a forked one would inherit torch's locked threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (model,)) as pool:
        waiting = {pool.submit(_work, job): job for job in jobs}
        try:
            for future in as_completed(waiting):
                job = waiting[future]
                try:
                    yield job, future.result()
                except BrokenProcessPool:
                    yield job, f"{job.source}: its process died; run it alone to see why"
        except (KeyboardInterrupt, GeneratorExit):
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start_worker(model: str) -> None:
    global _worker_model
    _worker_model = opener(model)


def _work(job: Job) -> dict[str, Any] | str:
    assert _worker_model is not None
    try:
        return run_job(job, _worker_model).report
    except BridgeError as error:
        text = str(error)
        return text if str(job.source) in text else f"{job.source}: {text}"
    except Exception as error:  # one file must not end the others
        return f"{job.source}: a fault of our own, {type(error).__name__}: {error}; run it alone with --debug"
