"""What a piece is heard as, and what that makes one wish for."""

import pytest

from daw_bridge.errors import UsageError
from daw_bridge.music.midifile import piece_of, smf_of_phrases
from daw_bridge.music.notes import Note
from daw_bridge.music.phrase import Phrase
from daw_models.art.attributes import ATTRIBUTES
from daw_models.art.painter import SETS, Wish
from daw_models.cover.hearing import FEATURES, Heard, hear, seed_of
from daw_models.cover.wishes import LINKS, SET_LINKS, blended, choose, moved, percentile, reference
from daw_models.cover.words import understand
from tests.cover.cover_builders import MAJOR, MINOR, tune


def wished(heard: Heard, name: str) -> float:
    return choose(heard).wish.attributes[ATTRIBUTES.index(name)]


def test_a_tune_is_heard_with_its_key_pace_and_touch() -> None:
    heard = hear(tune(MINOR, tonic=62, beat_s=0.25, velocity=40), "tune.mid")
    assert heard.key is not None
    assert heard.key.name == "D minor"
    assert heard["density"] == pytest.approx(4.0, rel=0.03)
    assert heard["loudness"] == 40.0
    assert heard["dynamics"] == 0.0
    assert heard["legato"] == pytest.approx(0.8, abs=0.01)
    assert heard["mode"] < 0.0 < hear(tune(MAJOR), "tune.mid")["mode"]


def test_the_seed_is_that_of_the_music_and_not_of_the_file() -> None:
    one = tune(tempo_bpm=120.0, ticks_per_beat=960)
    other = tune(tempo_bpm=90.0, ticks_per_beat=480)
    assert one.smf.to_bytes() != other.smf.to_bytes()
    assert hear(one, "a").seed == hear(other, "b").seed
    notes = one.phrase().notes
    assert seed_of(notes) == seed_of([note.shifted(3.0) for note in notes])
    assert seed_of(notes) != seed_of(notes[:-1])
    assert 0 <= seed_of(notes) < 2**63


def test_minor_and_slow_is_cooler_and_darker_than_major_and_fast() -> None:
    sad = hear(tune(MINOR, tonic=45, beat_s=1.2, tempo_bpm=50.0), "sad.mid")
    glad = hear(tune(MAJOR, tonic=72, beat_s=0.2, tempo_bpm=170.0), "glad.mid")
    for name in ("warmth", "brightness", "edge_density"):
        assert wished(sad, name) < wished(glad, name) - 0.3, name


def test_every_choice_is_said_and_the_same_twice() -> None:
    heard = hear(tune(MINOR), "tune.mid")
    chosen = choose(heard)
    assert chosen == choose(heard)
    assert chosen.wish.set_name in SETS
    assert all(0.0 < value < 1.0 for value in chosen.wish.attributes)
    assert chosen.heard[0].startswith("C minor")
    assert [line.split()[0] for line in chosen.reasons] == ["set", *(name.split("_")[0] for name in ATTRIBUTES)]
    assert "minor" in " ".join(chosen.reasons)
    assert choose(heard, set_name="botanical").wish.set_name == "botanical"


def test_drums_alone_have_no_key_but_a_cover() -> None:
    beat = Phrase.of(Note(at * 0.25, 36 + at % 3, 0.1, 90, 9) for at in range(32))
    heard = hear(piece_of(smf_of_phrases({"drums": beat})), "beat.mid")
    assert heard.key is None
    assert choose(heard).heard[0].startswith("no key")


@pytest.mark.parametrize(
    "phrase",
    [
        Phrase.of([Note(3.0, 60, 0.0, 1)]),
        Phrase.of([Note(0.0, pitch, 4000.0, 127) for pitch in range(128)]),
        Phrase.of(Note(0.001 * at, at % 128, 0.01, 64) for at in range(3000)),
    ],
    ids=["one note", "every key for an hour", "a flood"],
)
def test_strange_music_has_a_cover_too(phrase: Phrase) -> None:
    chosen = choose(hear(piece_of(smf_of_phrases({"strange": phrase})), "strange.mid"))
    assert all(0.0 < value < 1.0 for value in chosen.wish.attributes)


def test_a_file_without_notes_is_refused() -> None:
    with pytest.raises(UsageError, match=r"rest\.mid: there is no note"):
        hear(piece_of(smf_of_phrases({"rest": Phrase()})), "rest.mid")


def test_the_reference_knows_every_figure_and_rises() -> None:
    for name in (*FEATURES, *(f"score:{attribute}" for attribute in LINKS)):
        quantiles = reference()[name]
        assert list(quantiles) == sorted(quantiles), name
        assert percentile(name, quantiles[0] - 1.0) == 0.0
        assert percentile(name, quantiles[-1] + 1.0) == 1.0
    low, middle, high = (percentile("tempo", bpm) for bpm in (50.0, 100.0, 190.0))
    assert low < middle < high
    assert {figure for links in (*LINKS.values(), *SET_LINKS.values()) for figure in links} <= set(FEATURES)
    assert set(LINKS) | {"hue"} == set(ATTRIBUTES)


def test_wishes_can_be_moved_and_blended() -> None:
    one, other = Wish("landscape", (0.5,) * 8), Wish("botanical", (0.9,) * 8)
    assert moved(one, {"warmth": 0.3}).attributes[ATTRIBUTES.index("warmth")] == pytest.approx(0.8)
    assert max(moved(one, {"warmth": 1.0}).attributes) < 1.0
    assert blended(one, other, 0.25).attributes[0] == pytest.approx(0.6)
    assert [blended(one, other, share).set_name for share in (0.4, 0.6)] == ["landscape", "botanical"]


def test_words_mean_what_the_table_says_and_strange_ones_are_named() -> None:
    meant = understand("A Winter Sea, grokking")
    assert meant.set_name == "landscape"
    assert meant.offsets["warmth"] == pytest.approx(-0.75)
    assert meant.known == ("winter", "sea")
    assert meant.unknown == ("grokking",)
    assert all(-0.8 <= by <= 0.8 for by in understand("dark night storm dusk moon").offsets.values())
