"""`compose --play`: the result through FluidSynth and the sound card, until it ends or Ctrl-C."""

from __future__ import annotations

from collections.abc import Mapping

from daw_bridge.cli.output import note
from daw_bridge.engine.parameters import Value
from daw_bridge.io.audio_out import choose_device, play
from daw_bridge.io.soundfonts import find_soundfont
from daw_bridge.music.midifile import piece_of
from daw_bridge.music.smf import Smf
from daw_bridge.offline.render import RenderSettings, piece_messages, sound_of


def play_smf(smf: Smf, sound: RenderSettings, settings: Mapping[str, Value]) -> None:
    """Play a piece on `audio_device`. Raises MissingPartError without FluidSynth, a SoundFont or an audio device."""
    soundfont, device = find_soundfont(sound.soundfont), choose_device(str(settings["audio_device"]))
    samples, _ = sound_of(piece_messages(piece_of(smf)), soundfont, sound)
    note(f"compose: playing {len(samples) / sound.sample_rate:.1f} s on {device.name!r}; Ctrl-C stops it")
    play(samples, sound.sample_rate, device)
