"""A few files of different kinds through the judges of the hundred, and the judges against results that are wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from daw_bridge.music.midifile import piece_of_bytes, write_bytes
from daw_bridge.music.smf import Smf, SmfEvent, key_event, make_track, meta, meter_event, name_event, tempo_event
from daw_bridge.offline.compose import Task
from daw_bridge.offline.jobs import Job, run_job
from tests.offline.broken import damaged, fault_of, tried
from tests.offline.composing import ScoringMemory, piece
from tests.offline.hundred import judged
from tests.offline.kept import continuation_faults, infill_faults


def keys(pitches: list[int], step: int, status: int = 0x90) -> list[SmfEvent]:
    """Keys struck one after the other."""
    off = status - 0x10
    return [
        event
        for at, pitch in enumerate(pitches)
        for event in (
            SmfEvent(at * step, bytes((status, pitch, 64 + at % 9))),
            SmfEvent(at * step + step - 1, bytes((off, pitch, 0))),
        )
    ]


def type_0_with_everything() -> bytes:
    """One track: changing tempo and metre, pedal, bends, a marker, two channels and drums."""
    head = [tempo_event(0, 400_000), tempo_event(4800, 700_000), meter_event(0, 3, 4), meter_event(8640, 6, 8)]
    more = [
        key_event(0, -3, True),
        meta(1440, 6, b"verse"),
        SmfEvent(10, b"\xb0\x40\x7f"),
        SmfEvent(900, b"\xe0\x00\x41"),
    ]
    played = [*keys([60 + at * 5 % 13 for at in range(48)], 360), *keys([36, 38] * 40, 240, 0x99)]
    second = [SmfEvent(0, b"\xc1\x28"), *keys([55, 62, 59, 64] * 4, 1080, 0x91)]
    return Smf(0, 480, (make_track([*head, *more, *played, *second]),)).to_bytes()


def drums_alone() -> bytes:
    kit = [*keys([36, 42, 38, 42] * 16, 120, 0x99)]
    return Smf(1, 240, (make_track([tempo_event(0, 500_000)]), make_track([name_event(0, "Kit"), *kit]))).to_bytes()


def frames_instead_of_beats() -> bytes:
    return Smf(1, 0xE728, (make_track(keys([67, 65, 64, 62, 60] * 8, 500)),)).to_bytes()


KINDS: dict[str, Callable[[], bytes]] = {
    "two parts": lambda: piece(8).smf.to_bytes(),
    "type 0": type_0_with_everything,
    "drums": drums_alone,
    "frames": frames_instead_of_beats,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_continued_and_filled_in_as_promised(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "given.mid"
    write_bytes(path, KINDS[kind]())
    assert judged(path, ScoringMemory, 3, tmp_path).faults == ()


@pytest.fixture(scope="module")
def continued(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A file and its continuation."""
    folder = tmp_path_factory.mktemp("continued")
    write_bytes(folder / "in.mid", type_0_with_everything())
    run_job(Job(folder / "in.mid", (folder / "out.mid",), Task(bars=2, seed=1)), ScoringMemory)
    return (folder / "in.mid").read_bytes(), (folder / "out.mid").read_bytes()


def changed(data: bytes, track: int, change: Callable[[list[SmfEvent]], list[SmfEvent]]) -> bytes:
    smf = piece_of_bytes(data, "given").smf
    tracks = [make_track(change(list(one.events))) if at == track else one for at, one in enumerate(smf.tracks)]
    return Smf(smf.format, smf.division, tuple(tracks)).to_bytes()


@pytest.mark.parametrize(
    ("track", "change", "said"),
    [
        (0, lambda events: events[:-2], "track 0 is not as it was"),
        (
            0,
            lambda events: [SmfEvent(event.tick + (at == 40), event.data) for at, event in enumerate(events)],
            "track 0",
        ),
        (1, lambda events: events[:1], "nothing was added"),
        (1, lambda events: [SmfEvent(event.tick + 9000, event.data) for event in events], "bars from the end"),
        (1, lambda events: [*events, SmfEvent(18000, b"\x92\x01\x40"), SmfEvent(18100, b"\x82\x01\x40")], "outside"),
    ],
)
def test_the_judge_sees_what_is_wrong(
    continued: tuple[bytes, bytes], track: int, change: Callable[[list[SmfEvent]], list[SmfEvent]], said: str
) -> None:
    before, after = continued
    assert continuation_faults(before, after) == []
    assert said in " ".join(continuation_faults(before, changed(after, track, change)))


def test_a_note_changed_outside_the_bars_is_seen(tmp_path: Path) -> None:
    path, out = tmp_path / "in.mid", tmp_path / "out.mid"
    write_bytes(path, piece(8).smf.to_bytes())
    run_job(Job(path, (out,), Task(seed=1), infill=(3, 4)), ScoringMemory)
    before, after = path.read_bytes(), out.read_bytes()
    bar = 4 * 960
    assert infill_faults(before, after, 2 * bar, 4 * bar) == []
    assert infill_faults(before, after, 2 * bar, 3 * bar)


def test_damaged_files_end_in_music_or_in_one_line(tmp_path: Path) -> None:
    draw = random.Random(7)
    path, out = tmp_path / "damaged.mid", tmp_path / "out.mid"
    ends = set()
    for number in range(40):
        path.write_bytes(damaged(list(KINDS.values())[number % len(KINDS)](), draw))
        out.unlink(missing_ok=True)
        status, said, _ = tried(path, out, "memory")
        assert fault_of(status, said, 0.0, out.exists()) == "", f"file {number}"
        ends.add(status)
    assert 0 in ends
