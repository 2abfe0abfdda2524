"""MIDI learn as a player meets it: 7 and 14 bits, pick-up, curves, notes, programs, feedback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.engine.events import ControllerMap, ParameterSet, Performed
from daw_bridge.engine.mapping import MidiMap
from daw_bridge.engine.mapping_table import check, mappings_of, table_of
from daw_bridge.engine.mapping_targets import KEYS, choices_of, position_of, value_at
from daw_bridge.engine.parameters import BY_NAME, PARAMETERS, Parameter, Value, defaults
from daw_bridge.engine.presets import PresetBook, presets_of
from daw_bridge.music.harmony import parse_key
from daw_bridge.music.messages import Clock, ControlChange, Message, NoteOff, NoteOn, ProgramChange


class Player:
    """Turns knobs; what is asked for is taken on, as the engine does."""

    def __init__(self, *mappings: ControllerMap) -> None:
        self.map = MidiMap(mappings)
        self.values: dict[str, Value] = defaults()
        self.book = PresetBook()

    def sends(self, *messages: Message) -> list[object]:
        """What the messages ask for, in order."""
        asked: list[object] = []
        for message in messages:
            for result in self.map.handle(message, self.values, self.book).results:
                if isinstance(result, ParameterSet):
                    self.values[result.name] = result.value
                    asked.append(result.value)
                else:
                    asked.append(result.action)
        return asked

    def turns(self, *positions: int, number: int = 74) -> list[object]:
        return self.sends(*(ControlChange(0, number, position) for position in positions))


def test_a_knob_goes_from_end_to_end() -> None:
    player = Player(ControllerMap("temperature", "cc", 1, 74, pickup=False))
    assert player.turns(0, 127) == [0.0, 2.0]


def test_a_knob_picks_the_value_up_where_it_is() -> None:
    player = Player(ControllerMap("temperature", "cc", 1, 74))
    assert player.turns(0, 30, 60) == []
    assert player.turns(70) == [pytest.approx(2 * 70 / 127)]
    assert len(player.turns(80, 120, 3)) == 3


def test_after_another_hand_moved_it_it_is_picked_up_again() -> None:
    player = Player(ControllerMap("temperature", "cc", 1, 74))
    assert len(player.turns(60, 64, 70)) == 2
    player.values["temperature"] = 0.2
    assert player.turns(72, 71, 60) == []
    assert len(player.turns(13, 14)) == 2


def test_fine_control_by_two_controllers() -> None:
    player = Player(ControllerMap("tempo", "cc14", 1, 16, pickup=False))
    assert player.turns(64, number=16) == []
    assert player.turns(32, number=48) == [pytest.approx(20 + 380 * (64 * 128 + 32) / 16383, abs=1e-5)]


def test_fourteen_bits_are_recognised_while_learning() -> None:
    player = Player()
    player.map.learn("length")
    player.turns(10, number=3)
    assert player.map.mappings == (ControllerMap("length", "cc", 1, 3),)
    player.turns(99, number=35)
    assert player.map.mappings == (ControllerMap("length", "cc14", 1, 3),)


def test_two_knobs_that_are_no_pair_stay_two() -> None:
    player = Player()
    player.map.learn("length")
    player.turns(10, number=3)
    player.turns(11, number=3)
    player.turns(99, number=36)
    assert player.map.mappings == (ControllerMap("length", "cc", 1, 3),)


@pytest.mark.parametrize(("curve", "half"), [("linear", 1.0), ("slow", 0.5), ("fast", 1.5)])
def test_curves(curve: str, half: float) -> None:
    player = Player(ControllerMap("temperature", "cc", 1, 74, curve=curve, pickup=False))
    assert player.turns(0, 127) == [0.0, 2.0]
    assert player.turns(64) == [pytest.approx(half, abs=0.02)]


def test_a_part_of_the_range_and_the_wrong_way_round() -> None:
    player = Player(ControllerMap("temperature", "cc", 1, 74, low=0.75, high=0.25, pickup=False))
    assert player.turns(0, 127) == [1.5, 0.5]


def test_a_pedal_switches_and_a_fader_chooses() -> None:
    player = Player(ControllerMap("thru", "cc", 1, 64), ControllerMap("mode", "cc", 1, 20))
    assert player.turns(127, 0, number=64) == [True, False]
    assert player.turns(0, 60, 127, number=20) == ["pause", "bars", "manual"]


def test_a_pad_steps_through_choices_and_does_actions() -> None:
    player = Player(ControllerMap("mode", "note", 10, 36), ControllerMap("panic", "note", 0, 37))
    pad = NoteOn(9, 36, 100)
    assert player.sends(pad, NoteOff(9, 36), pad, pad) == ["bars", "manual", "pause"]
    assert player.sends(NoteOn(4, 37, 1)) == ["panic"]
    assert player.map.handle(NoteOff(9, 36), player.values, player.book).consumed


def test_how_hard_a_pad_is_struck_is_a_value() -> None:
    player = Player(ControllerMap("density", "note", 10, 36))
    assert player.sends(NoteOn(9, 36, 127)) == [1.0]


def test_a_program_change_recalls_a_preset() -> None:
    player = Player(ControllerMap("preset:warm", "program", 1, 5), ControllerMap("preset_next", "program", 1, 6))
    player.values["temperature"] = 1.5
    player.book.save("warm", player.values)
    player.values["temperature"] = 0.3
    handled = player.map.handle(ProgramChange(0, 5), player.values, player.book)
    assert handled.preset == "warm"
    assert ParameterSet("temperature", 1.5) in handled.results
    assert player.map.handle(ProgramChange(0, 6), player.values, player.book).preset == "warm"
    assert not player.map.handle(ProgramChange(0, 7), player.values, player.book).consumed


def test_learning_waits_for_something_that_can_steer() -> None:
    player = Player()
    player.map.learn("take_turn")
    for message in (Clock(), NoteOff(0, 60), ControlChange(0, 123, 0)):
        assert not player.map.handle(message, player.values, player.book).consumed
    assert player.map.handle(NoteOn(0, 21, 9), player.values, player.book).learned
    assert player.sends(NoteOn(0, 21, 9)) == ["take_turn"]
    assert player.map.learning == ""


def test_one_target_has_one_controller_and_one_controller_may_have_many() -> None:
    player = Player(ControllerMap("density", "cc", 1, 74, pickup=False))
    player.map.set(ControllerMap("length", "cc", 1, 74, pickup=False))
    player.map.set(ControllerMap("density", "cc", 2, 75, pickup=False))
    assert player.turns(127) == [8.0]
    player.map.remove("length")
    assert not player.map.handle(ControlChange(0, 74, 5), player.values, player.book).consumed


def test_a_motor_fader_follows_but_not_the_hand_on_it() -> None:
    player = Player(ControllerMap("temperature", "cc", 3, 7), ControllerMap("tempo", "cc14", 1, 16))
    assert player.map.feedback("temperature", 2.0) == [ControlChange(2, 7, 127)]
    assert player.map.feedback("tempo", 400.0) == [ControlChange(0, 16, 127), ControlChange(0, 48, 127)]
    player.sends(ControlChange(2, 7, 64))
    assert player.map.feedback("temperature", player.values["temperature"]) == []


def test_a_light_shows_a_switch() -> None:
    player = Player(ControllerMap("thru", "note", 10, 36))
    assert player.map.feedback("thru", True) == [NoteOn(9, 36, 127)]
    assert player.map.feedback("thru", False) == [NoteOff(9, 36)]


@given(st.lists(st.tuples(st.sampled_from([item for item in PARAMETERS if item.live]), st.integers(0, 127))))
def test_whatever_is_turned_the_values_stay_legal(turns: list[tuple[Parameter, int]]) -> None:
    player = Player(*(ControllerMap(item.name, "cc", 1, number) for number, item in enumerate(PARAMETERS) if item.live))
    numbers = {item.name: number for number, item in enumerate(PARAMETERS)}
    for parameter, position in turns:
        for value in player.turns(position, number=numbers[parameter.name]):
            assert parameter.parse(value) == value


@pytest.mark.parametrize("parameter", [item for item in PARAMETERS if item.live], ids=lambda item: item.name)
def test_places_and_values_agree(parameter: Parameter) -> None:
    for place in (0.0, 0.3, 0.5, 1.0):
        value = value_at(parameter, place)
        assert parameter.parse(value) == value
        choices = len(choices_of(parameter))
        width = 1.0 / choices if choices else 1.0 / min(1000.0, parameter.maximum - parameter.minimum)
        assert position_of(parameter, value) == pytest.approx(place, abs=width)


def test_the_keys_that_are_offered_are_keys() -> None:
    for key in KEYS[2:]:
        assert parse_key(key).name == key
    assert BY_NAME["key"].default in KEYS


def test_mappings_are_kept_as_they_are() -> None:
    mapping = ControllerMap("temperature", "cc14", 0, 16, 0.25, 0.75, "slow", False)
    assert mappings_of({"temperature": table_of(mapping)}) == (mapping,)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"nothing": {"source": "cc", "number": 1}}, "neither a parameter"),
        ({"model": {"source": "cc", "number": 1}}, "when the bridge starts"),
        ({"length": {"source": "wheel", "number": 1}}, "source is one of"),
        ({"length": {"source": "cc", "number": 128}}, "outside"),
        ({"length": {"source": "cc14", "number": 40}}, "outside"),
        ({"length": {"source": "cc"}}, "number"),
        ({"length": {"source": "cc", "number": 1, "channel": 17}}, "channel"),
        ({"length": {"source": "cc", "number": 1, "low": 2}}, "shares"),
        ({"length": {"source": "cc", "number": 1, "curve": "s"}}, "curve"),
        ({"length": {"source": "cc", "number": 1, "speed": 1}}, "unknown key 'speed'"),
        ({"length": 74}, "length"),
    ],
)
def test_a_wrong_mapping_is_named(table: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        mappings_of(table)


def test_presets_are_kept_in_order_and_checked() -> None:
    book = PresetBook(presets_of({"a": {"temperature": 0.5}, "b": {"mode": "bars"}}))
    assert [name for name, _ in book.presets] == ["a", "b"]
    assert [book.beside(1), book.beside(-1)] == ["a", "b"]
    book.recall("a")
    assert [book.beside(1), book.beside(2)] == ["b", "a"]
    book.remove("a")
    assert book.current == ""
    for table in ({"x": 1}, {"x": {"model": "lstm"}}, {"x": {"bars": 99}}):
        with pytest.raises(ValueError, match=r"presets\.x"):
            presets_of(table)
    with pytest.raises(ValueError, match="name of 1 to"):
        book.save(" ", defaults())


def test_actions_are_no_parameters() -> None:
    check(ControllerMap("panic", "note", 1, 1))
    assert Player(ControllerMap("panic", "cc", 1, 1)).map.feedback("panic", True) == []
    assert Performed("panic").action == "panic"
