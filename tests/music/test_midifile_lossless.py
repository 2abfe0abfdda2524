"""A file read and written again is the same file to any other reader, and notes keep their times."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daw_bridge.errors import BridgeError, UsageError
from daw_bridge.music.midifile import piece_of, read_phrase, read_piece, smf_of_phrases, write_bytes, write_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase
from daw_bridge.music.smf import Smf, SmfEvent, make_track, meter_event, parse_smf, tempo_event
from daw_bridge.music.timeline import MeterMap, TempoMap


def as_mido(smf: Smf) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(smf.to_bytes()))


def channel_events() -> st.SearchStrategy[bytes]:
    byte = st.integers(0, 127)
    return st.one_of(
        st.builds(
            lambda k, c, a, b: bytes((k | c, a, b)),
            st.sampled_from((0x80, 0x90, 0xA0, 0xB0, 0xE0)),
            st.integers(0, 15),
            byte,
            byte,
        ),
        st.builds(lambda k, c, a: bytes((k | c, a)), st.sampled_from((0xC0, 0xD0)), st.integers(0, 15), byte),
        st.builds(lambda text: b"\xff\x01" + bytes((len(text),)) + text, st.binary(max_size=20)),
        st.builds(
            lambda data: b"\xf0" + bytes((len(data) + 1,)) + data + b"\xf7",
            st.binary(max_size=9).map(lambda d: bytes(b & 0x7F for b in d)),
        ),
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0x0FFFFFF), channel_events()), max_size=40))
def test_any_events_survive_writing_and_reading(events: list[tuple[int, bytes]]) -> None:
    tick, placed = 0, []
    for delta, data in events:
        tick += delta
        placed.append(SmfEvent(tick, data))
    smf = Smf(1, 480, (make_track([]), make_track(placed)))
    again = parse_smf(smf.to_bytes())
    assert (again.tracks, again.warnings) == (smf.tracks, ())


def test_mido_reads_what_we_write_and_we_read_what_mido_writes() -> None:
    given_file = mido.MidiFile(type=1, ticks_per_beat=96)
    track = mido.MidiTrack()
    track.extend(
        [
            mido.MetaMessage("track_name", name="Ünïcode".encode().decode("latin-1"), time=0),
            mido.MetaMessage("set_tempo", tempo=600_000, time=0),
            mido.MetaMessage("time_signature", numerator=7, denominator=8, time=0),
            mido.MetaMessage("key_signature", key="Ebm", time=0),
            mido.Message("control_change", control=64, value=127, time=3),
            mido.Message("pitchwheel", pitch=-1000, time=5),
            mido.Message("note_on", note=60, velocity=90, time=0),
            mido.Message("note_on", note=60, velocity=0, time=96),
            mido.MetaMessage("end_of_track", time=40),
        ]
    )
    given_file.tracks.append(track)
    buffer = io.BytesIO()
    given_file.save(file=buffer)
    smf = parse_smf(buffer.getvalue())
    assert [list(part) for part in as_mido(smf).tracks] == [list(part) for part in given_file.tracks]
    piece = piece_of(smf)
    (note,) = piece.phrase()
    assert (note.onset_s, note.duration_s) == pytest.approx((0.05, 0.6))
    assert (note.pitch, note.velocity) == (60, 90)
    assert piece.meter.bar_ticks(0) == 96 * 3.5


def test_running_status_is_followed() -> None:
    body = b"\x00\x90\x3c\x50\x60\x40\x50\x60\x3c\x00\x10\x40\x00\x00\xff\x2f\x00"
    data = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(body).to_bytes(4, "big") + body
    assert [(n.on_tick, n.off_tick, n.pitch) for n in piece_of(parse_smf(data)).notes] == [(0, 192, 60), (96, 208, 64)]


def test_a_cut_off_track_gives_what_is_whole() -> None:
    smf = smf_of_phrases({"a": Phrase.of([Note(0.0, 60, 1.0, 80), Note(1.0, 62, 1.0, 80)])})
    cut = parse_smf(smf.to_bytes()[:-9])
    assert any("cut off" in warning for warning in cut.warnings)
    assert [note.pitch for note in piece_of(cut).notes] == [60, 62]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.integers(0, 127), st.floats(0.01, 5), st.integers(1, 127)),
        max_size=30,
        unique_by=lambda row: row[1],
    )
)
def test_phrases_come_back_within_half_a_millisecond(rows: list[tuple[float, int, float, int]]) -> None:
    phrase = Phrase.of(Note(*row) for row in rows)
    back = piece_of(parse_smf(smf_of_phrases({"x": phrase}).to_bytes())).phrase()
    assert len(back) == len(phrase)
    for before, after in zip(sorted(phrase, key=lambda n: n.pitch), sorted(back, key=lambda n: n.pitch), strict=True):
        assert (after.pitch, after.velocity) == (before.pitch, before.velocity)
        assert after.onset_s == pytest.approx(before.onset_s, abs=0.0005)
        assert after.end_s == pytest.approx(before.end_s, abs=0.0006)


def test_a_key_struck_again_ends_the_note_before(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    write_phrases(path, {"a": Phrase.of([Note(0.0, 60, 2.0, 80), Note(1.0, 60, 2.0, 90)])}, programs={"a": 5})
    assert [(n.onset_s, n.end_s) for n in read_phrase(path)] == [(0.0, 1.0), (1.0, 3.0)]
    assert read_piece(path).programs == {(1, 0): 5}
    names = [message.type for message in mido.MidiFile(str(path)).tracks[1]]
    assert names.count("note_on") == names.count("note_off") == 2


def test_tempo_changes_move_seconds() -> None:
    tempo = TempoMap.of([(480, 1_000_000), (960, 250_000)], 480)
    assert [tempo.seconds(tick) for tick in (0, 480, 960, 1440)] == [0.0, 0.5, 1.5, 1.75]
    for tick in (0, 100, 480, 700, 960, 5000):
        assert tempo.tick(tempo.seconds(tick)) == pytest.approx(tick)


def test_a_tempo_of_zero_is_no_tempo() -> None:
    assert TempoMap.of([(0, 0)], 480).seconds(480) == 0.5


def test_bars_follow_every_metre() -> None:
    meter = MeterMap.of([(0, 3, 4), (2880, 6, 8), (4320, 4, 4)], 480)
    assert [meter.bar_start(bar) for bar in range(6)] == [0, 1440, 2880, 4320, 6240, 8160]
    assert meter.next_bar(2881) == 3
    assert meter.next_bar(2890, tolerance_ticks=20) == 2
    assert meter.bar_at(5280) == pytest.approx(3.5)


def test_smpte_files_keep_real_time() -> None:
    smf = Smf(0, 0xE728, (make_track([SmfEvent(0, b"\x90\x3c\x40"), SmfEvent(1000, b"\x80\x3c\x40")]),))
    assert piece_of(smf).notes[0].off_tick == 1000
    assert piece_of(smf).phrase().notes[0].duration_s == pytest.approx(1.0)


def test_the_conductor_tells_tempo_and_metre() -> None:
    smf = Smf(1, 480, (make_track([tempo_event(0, 400_000), meter_event(0, 6, 8)]),))
    assert [message.type for message in as_mido(smf).tracks[0]] == ["set_tempo", "time_signature", "end_of_track"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"RIFF....WAVEfmt ", "without MIDI"),
        (b"not a midi file", "does not begin with MThd"),
        (b"MThd\x00\x00", "cut off"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\x01\xe0", "no track"),
        (b"MThd\x00\x00\x00\x06\x00\x07\x00\x00\x01\xe0", "type 7"),
        (b"MThd\x00\x00\x00\x02\x00\x01\x00\x00\x01\xe0", "2 bytes long"),
        (Smf(0, 0, (make_track([]),)).to_bytes(), "division is zero"),
        (Smf(2, 480, (make_track([]),)).to_bytes(), "type 2"),
        (Smf(0, 0x8000, (make_track([]),)).to_bytes(), "SMPTE"),
    ],
)
def test_a_broken_file_is_one_line_naming_it(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=said) as caught:
        read_piece(path)
    assert "broken.mid" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_flood_of_events_is_refused() -> None:
    body = b"\x00\x90\x3c\x40" * 500_001
    data = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(body).to_bytes(4, "big") + body
    with pytest.raises(ValueError, match="500000 events"):
        parse_smf(data)


def test_a_disk_without_room_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "song.mid"
    write_bytes(path, b"old")
    whole = Path.write_bytes

    def half(self: Path, data: bytes) -> int:
        whole(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(BridgeError, match=r"cannot be written \(No space left on device\)"):
        write_bytes(path, b"new and longer")
    assert [(left.name, left.read_bytes()) for left in tmp_path.iterdir()] == [("song.mid", b"old")]
