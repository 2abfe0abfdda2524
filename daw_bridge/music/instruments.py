"""General MIDI level 1: the names of its 128 sounds, and the written-out range each instrument really has."""

from __future__ import annotations

from typing import Final

_FAMILIES: Final = (
    "Acoustic Grand Piano,Bright Acoustic Piano,Electric Grand Piano,Honky-tonk Piano,Electric Piano 1,"
    "Electric Piano 2,Harpsichord,Clavinet",
    "Celesta,Glockenspiel,Music Box,Vibraphone,Marimba,Xylophone,Tubular Bells,Dulcimer",
    "Drawbar Organ,Percussive Organ,Rock Organ,Church Organ,Reed Organ,Accordion,Harmonica,Tango Accordion",
    "Nylon Guitar,Steel Guitar,Jazz Guitar,Clean Guitar,Muted Guitar,Overdriven Guitar,Distortion Guitar,"
    "Guitar Harmonics",
    "Acoustic Bass,Fingered Bass,Picked Bass,Fretless Bass,Slap Bass 1,Slap Bass 2,Synth Bass 1,Synth Bass 2",
    "Violin,Viola,Cello,Contrabass,Tremolo Strings,Pizzicato Strings,Harp,Timpani",
    "String Ensemble 1,String Ensemble 2,Synth Strings 1,Synth Strings 2,Choir Aahs,Voice Oohs,Synth Voice,"
    "Orchestra Hit",
    "Trumpet,Trombone,Tuba,Muted Trumpet,French Horn,Brass Section,Synth Brass 1,Synth Brass 2",
    "Soprano Sax,Alto Sax,Tenor Sax,Baritone Sax,Oboe,English Horn,Bassoon,Clarinet",
    "Piccolo,Flute,Recorder,Pan Flute,Blown Bottle,Shakuhachi,Whistle,Ocarina",
    "Square Lead,Saw Lead,Calliope Lead,Chiff Lead,Charang Lead,Voice Lead,Fifths Lead,Bass and Lead",
    "New Age Pad,Warm Pad,Polysynth Pad,Choir Pad,Bowed Pad,Metallic Pad,Halo Pad,Sweep Pad",
    "Rain,Soundtrack,Crystal,Atmosphere,Brightness,Goblins,Echoes,Sci-Fi",
    "Sitar,Banjo,Shamisen,Koto,Kalimba,Bagpipe,Fiddle,Shanai",
    "Tinkle Bell,Agogo,Steel Drums,Woodblock,Taiko,Melodic Tom,Synth Drum,Reverse Cymbal",
    "Guitar Fret Noise,Breath Noise,Seashore,Bird Tweet,Telephone,Helicopter,Applause,Gunshot",
)

PROGRAM_NAMES: Final[tuple[str, ...]] = tuple(name for family in _FAMILIES for name in family.split(","))

_RANGES: Final[dict[int, tuple[int, int]]] = {
    6: (29, 89),
    **dict.fromkeys(range(24, 32), (40, 88)),
    **dict.fromkeys(range(32, 40), (23, 67)),
    40: (55, 103),
    41: (48, 91),
    42: (36, 84),
    43: (28, 67),
    46: (24, 103),
    47: (36, 60),
    **dict.fromkeys(range(52, 54), (36, 84)),
    56: (52, 87),
    57: (34, 77),
    58: (26, 65),
    59: (52, 87),
    60: (34, 77),
    64: (56, 90),
    65: (49, 83),
    66: (44, 78),
    67: (36, 72),
    68: (58, 93),
    69: (52, 84),
    70: (34, 77),
    71: (50, 94),
    72: (74, 108),
    73: (59, 98),
    74: (60, 98),
}
_PIANO_RANGE: Final = (21, 108)


def program_name(program: int) -> str:
    """The General MIDI name of a sound 0-127."""
    return PROGRAM_NAMES[program]


def parse_program(text: str) -> int:
    """A sound from its number 0-127 or (a part of) its name. Raises ValueError saying what is near."""
    word = text.strip().lower()
    if word.isdigit() and int(word) < len(PROGRAM_NAMES):
        return int(word)
    found = [number for number, name in enumerate(PROGRAM_NAMES) if word and word in name.lower()]
    exact = [number for number in found if PROGRAM_NAMES[number].lower() == word]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise ValueError(f"{text!r} may be {', '.join(PROGRAM_NAMES[number] for number in found[:6])}; say which")
    raise ValueError(f"{text!r} is no General MIDI sound: a number 0-127, or a name such as Violin")


def instrument_range(program: int) -> tuple[int, int]:
    """Lowest and highest pitch the instrument of a sound can play; a piano's where there is no such limit."""
    return _RANGES.get(program, _PIANO_RANGE)
