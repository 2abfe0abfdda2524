"""What is kept of a file is kept event for event."""

from __future__ import annotations

from daw_bridge.music.editing import cut_after, free_channel, sound_of_part, with_events, with_track, without_notes
from daw_bridge.music.grid import find_grid, snapped
from daw_bridge.music.midifile import piece_of
from daw_bridge.music.notes import Note
from daw_bridge.music.parts import choose_parts, most_together, parts_of, playing_range, shared_out
from daw_bridge.music.smf import Smf, SmfEvent, make_track, meta, name_event, tempo_event


def note(tick: int, end: int, pitch: int, channel: int = 0) -> list[SmfEvent]:
    return [SmfEvent(tick, bytes((0x90 | channel, pitch, 80))), SmfEvent(end, bytes((0x80 | channel, pitch, 0)))]


def band() -> Smf:
    """Melody over bass over drums, with a pedal, markers and a tempo change."""
    conductor = make_track([tempo_event(0, 500_000), meta(960, 6, b"verse"), tempo_event(1920, 600_000)])
    melody = make_track(
        [
            name_event(0, "Melody"),
            SmfEvent(0, b"\xc0\x28"),
            SmfEvent(0, b"\xb0\x07\x64"),
            *note(0, 480, 72),
            SmfEvent(10, b"\xb0\x40\x7f"),
            *note(480, 2400, 74),
            *note(1920, 2160, 76),
            SmfEvent(2500, b"\xb0\x40\x00"),
        ]
    )
    bass = make_track([name_event(0, "Bass"), SmfEvent(0, b"\xc1\x20"), *note(0, 960, 36, 1), *note(1920, 2880, 38, 1)])
    drums = make_track([name_event(0, "Kit"), *note(0, 10, 36, 9), *note(480, 490, 38, 9), *note(1920, 1930, 36, 9)])
    return Smf(1, 480, (conductor, melody, bass, drums))


def test_a_new_track_leaves_the_others_alone_and_type_0_becomes_1() -> None:
    smf = Smf(0, 480, (make_track(note(0, 480, 60)),))
    more = with_track(smf, "new", note(480, 960, 62, 3))
    assert (more.format, more.tracks[0], more.tracks[1].name) == (1, smf.tracks[0], "new")


def test_notes_taken_out_take_nothing_else_with_them() -> None:
    piece = piece_of(band())
    gone = [n for n in piece.notes if n.track == 1 and n.on_tick == 480]
    left = without_notes(piece.smf, gone)
    assert left.tracks[0] == piece.smf.tracks[0]
    assert left.tracks[2:] == piece.smf.tracks[2:]
    missing = [event for event in piece.smf.tracks[1].events if event not in left.tracks[1].events]
    assert missing == note(480, 2400, 74)


def test_events_put_in_keep_the_old_order() -> None:
    smf = band()
    more = with_events(smf, 2, note(960, 1920, 40, 1))
    assert [event for event in more.tracks[2].events if event in smf.tracks[2].events] == list(smf.tracks[2].events)
    longer = with_events(smf, 2, note(2880, 9600, 40, 1))
    assert longer.tracks[2].end_tick == 9600


def test_a_cut_ends_notes_and_lifts_pedals_of_the_chosen_parts_only() -> None:
    piece = piece_of(band())
    cut = cut_after(piece, 1920, {(1, 0)})
    assert (cut.tracks[0], cut.tracks[2], cut.tracks[3]) == tuple(piece.smf.tracks[index] for index in (0, 2, 3))
    after = [event for event in cut.tracks[1].events if event.tick >= 1920 and event.data[0] < 0xF0]
    assert sorted(after) == [SmfEvent(1920, b"\x80\x4a\x00"), SmfEvent(1920, b"\xb0\x40\x00")]
    before = [event for event in piece.smf.tracks[1].events if event.tick < 1920]
    assert list(cut.tracks[1].events[: len(before)]) == before


def test_parts_have_names_numbers_and_ranges() -> None:
    parts = parts_of(piece_of(band()))
    assert [(part.number, part.label, part.program) for part in parts] == [
        (1, "Melody", 40),
        (2, "Bass", 32),
        (3, "Kit", -1),
    ]
    assert [part.number for part in choose_parts(parts)] == [1, 2]
    assert [part.number for part in choose_parts(parts, "bass")] == [2]
    assert [part.number for part in choose_parts(parts, "3")] == [3]
    assert playing_range(parts[:1], 40) == (65, 84)
    assert most_together(parts[0].notes) == 2


def test_new_notes_go_to_the_part_in_whose_register_they_lie() -> None:
    parts = choose_parts(parts_of(piece_of(band())))
    taken = shared_out([Note(9.0, 73, 1.0, 80), Note(9.0, 37, 1.0, 80), Note(10.0, 71, 1.0, 80)], parts)
    assert [n.pitch for n in taken[1]] == [73, 71]
    assert [(n.pitch, n.channel) for n in taken[2]] == [(37, 1)]


def test_a_new_part_sounds_like_the_one_it_follows() -> None:
    piece = piece_of(band())
    assert free_channel(piece, drums=False) == 2
    assert free_channel(piece, drums=True) == 9
    assert sound_of_part(piece, 1, 0, 2, -1) == [SmfEvent(0, b"\xb2\x07\x64"), SmfEvent(0, b"\xc2\x28")]
    assert sound_of_part(piece, 1, 0, 2, 5)[-1] == SmfEvent(0, b"\xc2\x05")


def test_the_grid_is_the_coarsest_that_holds() -> None:
    smf = Smf(1, 480, (make_track([event for at in range(16) for event in note(at * 240, at * 240 + 200, 60)]),))
    piece = piece_of(smf)
    grid = find_grid(piece.notes, piece.meter)
    assert (grid.division, grid.exact, grid.refined().division) == (2, True, 4)
    assert snapped(361, piece.meter, grid) == 480
    loose = piece_of(
        Smf(1, 480, (make_track([e for at in range(16) for e in note(at * 237 + at % 3 * 31, at * 240 + 230, 60)]),))
    )
    assert not find_grid(loose.notes, loose.meter).exact
