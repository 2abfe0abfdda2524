"""The settings file: what may stand in it, what is said when it is wrong, and writing it back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daw_bridge.cli import settings as settings_module
from daw_bridge.cli.settings import load, read_settings_file
from daw_bridge.cli.settings_file import render, save_section, save_values
from daw_bridge.engine.parameters import PARAMETERS, Kind, Parameter, defaults
from daw_bridge.engine.route_table import tables_of
from daw_bridge.engine.values import Values
from daw_bridge.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_defaults_are_overlaid_by_the_file_and_the_file_by_options(file: Path) -> None:
    file.write_text('temperature = 0.5\ntop_p = 0.8\nport = "To DAW"\n[midi_map]\ncc1 = "temperature"\n')
    loaded = load(file, {"temperature": 0.25})
    assert loaded.values == {**defaults(), "temperature": 0.25, "top_p": 0.8, "port": "To DAW"}
    assert loaded.midi_map == {"cc1": "temperature"}
    assert loaded.presets == {}
    assert loaded.file == file


def test_the_users_own_file_is_read_when_it_exists(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "user_settings_file", lambda: file)
    assert load(None, {}).values == defaults()
    file.write_text("bars = 4\n")
    assert load(None, {}).values["bars"] == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("temprature = 1", "unknown key 'temprature'; did you mean 'temperature'?"),
        ("top-p = 1", "did you mean 'top_p'?"),
        ("zzzz = 1", "`aiart-bridge --help` lists the keys"),
        ("temperature = 3", "temperature goes from 0 to 2, not 3"),
        ('temperature = "warm"', "temperature is a number, not the text 'warm'"),
        ('temperature = "0.5"', "temperature is a number, not the text '0.5'"),
        ("temperature = true", "temperature is a number"),
        ("temperature = nan", "temperature goes from 0 to 2"),
        ("bars = 1.5", "bars is a whole number, not 1.5"),
        ('synth = "on"', "synth is true or false"),
        ('mode = "jazz"', "mode is one of pause, bars, manual, not 'jazz'"),
        ("port = 3", "port is a text, not 3"),
        ('port = ""', "port is a name, not an empty text"),
        ("port = [1]", "port is a name or a list of names, not 1"),
        ('port = ["a", ""]', "port is a name, not an empty text"),
        ('port = ["a", "a"]', 'port names "a" twice'),
        ('in_port = "a\\u0007"', "in_port holds a letter that no port's name has: 'a\\x07'"),
        (f'in_port = "{"a" * 201}"', "in_port has 201 bytes, a port's name has at most 200"),
        ('feedback_port = "a\\u0000"', "feedback_port holds a letter that no port's name has"),
        (f"port = {[str(number) for number in range(9)]}", "port names 9 ports, there may be 8"),
        ("[route]\nlisten = true", "write each as [[route]]"),
        ('"route/1/use" = true', "unknown key 'route/1/use'"),
        ("midi_map = 3", "write it as [midi_map]"),
        ("pitch_low = 90\npitch_high = 40", "pitch_low 90 is above pitch_high 40"),
        ('key = "H moll"', "correct the key key"),
    ],
)
def test_a_wrong_setting_names_the_file_the_key_and_what_is_allowed(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_settings_file(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_broken_toml_names_file_and_line(file: Path) -> None:
    file.write_text("bars = 2\ntemperature = = 1\n")
    with pytest.raises(UsageError, match="line 2") as refused:
        load(file, {})
    assert str(file) in str(refused.value)
    file.write_bytes(b'bars = 2\nport = "\xff"\n')
    with pytest.raises(UsageError, match="line 2 is not UTF-8"):
        load(file, {})


def test_a_named_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="no such settings file"):
        load(file, {})
    with pytest.raises(UsageError, match="cannot be read"):
        load(file.parent, {})


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_has_a_place_in_the_file(file: Path, parameter: Parameter) -> None:
    save_values(file, {parameter.name: parameter.default if parameter.default != "" else "x"})
    value = read_settings_file(file).values[parameter.name]
    assert value == parameter.default or parameter.kind is Kind.TEXT


def test_saving_keeps_comments_order_and_sections(file: Path) -> None:
    file.write_text(
        '# my stage set-up\ntemperature = 0.5  # not too wild\nport = "To DAW"\n\n'
        '[presets.calm]\n# slow\ntemperature = 0.2\n\n[midi_map]\nold = "x"\n'
    )
    save_values(file, {"port": "AI Out", "bars": 4})
    save_section(file, "midi_map", {"cc 74": {"parameter": "top_p", "low": 0.1}})
    assert file.read_text() == (
        '# my stage set-up\ntemperature = 0.5  # not too wild\nport = "AI Out"\nbars = 4\n\n'
        '[presets.calm]\n# slow\ntemperature = 0.2\n\n[midi_map."cc 74"]\nparameter = "top_p"\nlow = 0.1\n'
    )
    save_section(file, "midi_map", {})
    assert "midi_map" not in file.read_text()


def test_saving_over_a_layout_it_cannot_edit_keeps_the_contents(file: Path) -> None:
    file.write_text('port = """\n[midi_map]\n"""\npresets = { calm = { bars = 1 } }\n')
    save_section(file, "presets", {"wild": {"bars": 2}})
    assert tomllib.loads(file.read_text()) == {"port": "[midi_map]\n", "presets": {"wild": {"bars": 2}}}


def test_a_broken_file_is_not_overwritten(file: Path) -> None:
    file.write_text("bars = = 2")
    with pytest.raises(UsageError, match="cannot be updated"):
        save_values(file, {"bars": 3})
    assert file.read_text() == "bars = = 2"


texts = st.text(max_size=12)
scalars = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | texts
tables = st.recursive(
    st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=3),
    lambda inner: st.dictionaries(texts, scalars | inner | st.lists(inner, min_size=1, max_size=2), max_size=3),
    max_leaves=6,
)


@given(tables)
def test_whatever_is_written_is_read_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(render(table)) == table


STUDIO = """
in_port = ["Keystation", "Pads"]
port = ["AI Out", "Drum machine"]

[[route]]
in_port = "Pads"
in_channel = 10
out_port = "Drum machine"
out_channel = 10

[[route]]  # the knobs' own channel
in_port = 1
in_channel = 16
listen = false
thru = true
thru_port = 2
"""


def test_routes_stand_in_the_file_and_name_their_ports(file: Path) -> None:
    file.write_text(STUDIO)
    values = load(file, {}).values
    routes = {name: value for name, value in values.items() if name.startswith("route/")}
    assert routes == {
        "route/1/use": True,
        "route/1/in_port": 2,
        "route/1/in_channel": 10,
        "route/1/out_port": 2,
        "route/1/out_channel": 10,
        "route/2/use": True,
        "route/2/in_port": 1,
        "route/2/in_channel": 16,
        "route/2/listen": False,
        "route/2/thru": True,
        "route/2/thru_port": 2,
    }
    assert (values["in_port"], values["port"]) == ("Keystation\nPads", "AI Out\nDrum machine")


def test_routes_that_changed_are_written_back_and_read_as_they_were(file: Path) -> None:
    file.write_text(STUDIO + "\n[presets.calm]\nbars = 1\n")
    values = Values(load(file, {}).values)
    values.set("route/2/use", False)
    values.set("route/7/use", True)
    values.set("route/7/key_high", 47)
    save_section(file, "route", tables_of(values.all))
    text = file.read_text()
    assert text.startswith('\nin_port = ["Keystation", "Pads"]')
    assert text.endswith(
        '[presets.calm]\nbars = 1\n\n[[route]]\nin_port = "Pads"\nin_channel = 10\nout_port = "Drum machine"\n'
        "out_channel = 10\n\n[[route]]\nkey_high = 47\n"
    )
    assert load(file, {}).values["route/2/key_high"] == 47
    save_section(file, "route", [])
    assert "route" not in file.read_text()


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ('in_port = "Padz"', 'route 1: in_port "Padz" is none of the ports named: Keystation, Pads'),
        ("out_port = 3", "route 1: out_port is 3, but there are only 2 such ports"),
        ("inport = 1", "route 1: unknown key 'inport', there are use, in_port"),
        ("key_low = 60\nkey_high = 40", "route 1: key_low 60 is above key_high 40"),
        ('listen = "yes"', "route 1: listen is true or false, not 'yes'"),
        ('transpose = "up"', "route 1: transpose is a number, not 'up'"),
        ("transpose = 90", "route 1: transpose goes from -48 to 48, not 90"),
    ],
)
def test_a_wrong_route_is_named_with_its_key(file: Path, route: str, said: str) -> None:
    file.write_text(f'in_port = ["Keystation", "Pads"]\nport = ["AI Out", "Synth"]\n[[route]]\n{route}\n')
    with pytest.raises(UsageError) as refused:
        load(file, {})
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_output_that_is_not_named_is_refused_before_the_start(file: Path) -> None:
    file.write_text("out_port = 2\n")
    with pytest.raises(UsageError, match="out_port is 2, but 1 output port is named; name one more with --port"):
        load(file, {})
    assert load(file, {"port": "A\nB"}).values["out_port"] == 2
