"""The parameter table as command-line options, for the bridge and every command that takes some of them."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from typing import Final

from daw_bridge.engine.parameters import BY_NAME, PARAMETERS, SEVERAL, Kind, Parameter, Value
from daw_bridge.engine.port_keys import text_of
from daw_bridge.errors import UsageError

GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "ports",
        (
            "port",
            "in_port",
            "feedback_port",
            "midi_api",
        ),
    ),
    (
        "routing",
        (
            "in_channel",
            "drums",
            "out_port",
            "out_channel",
            "program",
            "transpose",
            "velocity_curve",
            "velocity_low",
            "velocity_high",
            "thru",
            "thru_port",
            "thru_channel",
            "split",
            "split_note",
            "split_port",
            "split_channel",
        ),
    ),
    (
        "turn-taking",
        ("mode", "bars", "gap_beats", "start_on", "overlap", "length", "quantise", "quantise_strength", "swing"),
    ),
    (
        "clock",
        (
            "clock",
            "tempo",
            "beats_per_bar",
            "beat_unit",
            "song_position",
            "latency_ms",
            "clock_port",
            "count_in",
            "metronome",
            "metronome_port",
            "metronome_channel",
        ),
    ),
    (
        "the answer",
        (
            "model",
            "temperature",
            "top_p",
            "key",
            "density",
            "imitation",
            "follow_velocity",
            "tonality",
            "variety",
            "best_of",
            "pitch_low",
            "pitch_high",
            "max_polyphony",
            "budget_ms",
            "seed",
        ),
    ),
    ("sound", ("synth", "soundfont", "synth_gain", "synth_reverb", "audio_device", "audio_buffer")),
    ("control and recording", ("osc_host", "osc_port", "osc_peers", "takes_dir")),
)


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, with the texts left as they are written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=max(80, min(110, shutil.get_terminal_size().columns - 2)))


def add_parameters(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Add the options of the named parameters, in their groups; absent ones leave no attribute behind."""
    for title, members in GROUPS:
        chosen = [name for name in members if name in names]
        if chosen:
            group = parser.add_argument_group(title)
            for name in chosen:
                _add_parameter(group, BY_NAME[name])


def given_values(options: argparse.Namespace) -> dict[str, Value]:
    """The parameters that were given on the command line. Raises UsageError for ports that cannot go together."""
    from daw_bridge.cli.settings import checked_text

    given = {item.name: getattr(options, item.name) for item in PARAMETERS if hasattr(options, item.name)}
    for name in SEVERAL:
        if name in given:
            try:
                given[name] = checked_text(BY_NAME[name], text_of(tuple(given[name])))
            except ValueError as error:
                raise UsageError(str(error), where=BY_NAME[name].option) from None
    return given


def _add_parameter(group: argparse._ArgumentGroup, parameter: Parameter) -> None:
    described = _described(parameter)
    if parameter.kind is Kind.BOOL:
        group.add_argument(
            parameter.option,
            dest=parameter.name,
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=described,
        )
        return
    group.add_argument(
        parameter.option,
        dest=parameter.name,
        action="append" if parameter.name in SEVERAL else "store",
        type=_reader(parameter),
        metavar=_metavar(parameter),
        default=argparse.SUPPRESS,
        help=described,
    )


def _reader(parameter: Parameter) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        from daw_bridge.cli.settings import checked_text

        try:
            return checked_text(parameter, parameter.parse(text))
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _metavar(parameter: Parameter) -> str:
    if parameter.kind is Kind.CHOICE:
        return "|".join(parameter.choices)
    if parameter.kind is Kind.TEXT:
        return {"takes_dir": "DIR", "soundfont": "FILE", "osc_host": "HOST", "key": "KEY"}.get(parameter.name, "NAME")
    return parameter.unit.upper() or ("X" if parameter.kind is Kind.FLOAT else "N")


def _described(parameter: Parameter) -> str:
    text = parameter.help + (", once for each" if parameter.name in SEVERAL else "")
    if parameter.kind in (Kind.FLOAT, Kind.INT):
        text += f" ({_figure(parameter.minimum)} to {_figure(parameter.maximum)}, default {parameter.default:g})"
    elif (parameter.kind is Kind.TEXT and parameter.default != "") or parameter.kind is Kind.CHOICE:
        text += f" (default {parameter.default})"
    return text.replace("%", "%%")


def _figure(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"
