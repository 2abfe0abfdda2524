"""Our clock and metronome on ports of their own, in real time; and the Link session that may give the beat."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import textwrap
import time
from collections import deque

import pytest

from daw_bridge.engine.clock_follow import ClockFollower
from daw_bridge.engine.events import Event, Fault, LinkAsked, LinkReported, ParameterChanged, ParameterSet, Performed
from daw_bridge.engine.parameters import Value, defaults
from daw_bridge.errors import MissingPartError
from daw_bridge.io.link import LinkSession, link_installed
from daw_bridge.io.ports_memory import MemorySystem
from daw_bridge.live.link_keeper import LinkKeeper
from daw_bridge.live.wiring import Bridge, load_tier
from daw_bridge.music.messages import Clock, NoteOff, NoteOn, Start, decode

needs_link = pytest.mark.skipif(not link_installed(), reason="needs the extra `link` (LinkPython-extern)")


def bridge_on(bus: MemorySystem, **changes: Value) -> Bridge:
    return Bridge({**defaults(), "midi_api": "memory", "model": "memory", "seed": 5, **changes}, system=bus)


def test_whoever_follows_our_clock_is_with_us() -> None:
    bus = MemorySystem()
    bridge = bridge_on(bus, clock_port="Clock Out", metronome_port="Click", tempo=120.0, clock="internal")
    slave, click, follower = bus.ear("Clock Out"), bus.ear("Click"), ClockFollower()
    bridge.start(load_tier(None))
    try:
        time.sleep(0.3)
        bridge.submit(Performed("start"))
        time.sleep(0.8)
        bridge.submit(ParameterSet("tempo", 150.0))
        time.sleep(0.8)
    finally:
        bridge.stop()
    heard = [(stamp_s, decode(data)) for stamp_s, data in slave.poll()]
    for stamp_s, message in heard[:-1]:
        follower.feed(message, stamp_s)
    assert follower.rolling
    assert follower.tempo_bpm == pytest.approx(150.0, rel=0.05)
    started_s = next(stamp_s for stamp_s, message in heard if message == Start())
    passed_beats = 0.8 * 120 / 60 + 0.8 * 150 / 60
    assert follower.beat_at(started_s + 1.6) == pytest.approx(passed_beats, abs=0.5)
    clicks = [decode(data) for _, data in click.poll()]
    assert sum(isinstance(message, NoteOn) for message in clicks) == 4
    assert sum(isinstance(message, NoteOff) for message in clicks) == 4
    assert sum(message == Clock() for _, message in heard) >= 48


class ScriptedSession(LinkSession):
    """A session that is where the test says."""

    def __init__(self, reports: deque[LinkReported]) -> None:
        self._reports = reports
        self.wishes: list[object] = []
        self.left = False

    def report(self, quantum_beats: int) -> LinkReported:
        del quantum_beats
        return self._reports.popleft()

    def play(self, playing: bool, quantum_beats: int) -> None:
        self.wishes.append((playing, quantum_beats))

    def set_tempo(self, tempo_bpm: float) -> None:
        self.wishes.append(tempo_bpm)

    def close(self) -> None:
        self.left = True


def test_the_keeper_reports_what_the_engine_could_not_know() -> None:
    seen = (
        LinkReported(1.0, 0.0, 120.0, playing=False),
        LinkReported(1.1, 0.0, 120.0, playing=False),
        LinkReported(1.2, -1.0, 120.0, playing=True),
        LinkReported(1.3, -0.8, 120.0, playing=True),
        LinkReported(1.4, -0.6, 90.0, playing=True),
        LinkReported(1.5, 8.0, 90.0, playing=True),
        LinkReported(2.6, 9.65, 90.0, playing=True),
    )
    session, submitted, values = ScriptedSession(deque(seen)), list[Event](), dict(defaults())
    values["clock"] = "link"
    keeper = LinkKeeper(lambda: values, submitted.append, list[Fault]().append, enter=lambda _: session)
    for asked in (None, LinkAsked(playing=True), None, None, LinkAsked(tempo_bpm=90.0), None, None):
        keeper.look(asked)
    assert submitted == [seen[index] for index in (0, 2, 4, 5, 6)]
    assert session.wishes == [(True, 4), 90.0]
    values["clock"] = "internal"
    keeper.look(None)
    assert session.left


def test_a_binding_that_is_missing_is_told_once_in_a_while_and_the_music_goes_on() -> None:
    def refused(tempo_bpm: float) -> LinkSession:
        raise MissingPartError(f"no Link at {tempo_bpm:g} bpm", cure="install it")

    faults, values, moments_s = list[Fault](), dict(defaults()), itertools.count(10.0, 2.0)
    values["clock"] = "link"
    keeper = LinkKeeper(lambda: values, list[Event]().append, faults.append, refused, lambda: next(moments_s))
    for _ in range(4):
        keeper.look(None)
    assert [fault.kind for fault in faults] == ["clock", "clock"]
    keeper.done([ParameterChanged("clock", "internal")], 0.0)
    with pytest.raises(MissingPartError):
        keeper.join()


PEER = """
    import sys
    from daw_bridge.io.link import LinkSession

    session = LinkSession(float(sys.argv[1]))
    for line in sys.stdin:
        word, _, figure = line.strip().partition(" ")
        if word == "play":
            session.play(figure == "1", 4)
        elif word == "tempo":
            session.set_tempo(float(figure))
        here = session.report(4)
        print(session.peers, here.at_s, here.beat, here.tempo_bpm, int(here.playing), flush=True)
"""


@needs_link
def test_two_peers_have_one_beat() -> None:
    """In a network of their own, in which multicast reaches nobody else."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip to keep the peers to themselves")
    script = textwrap.dedent(f"""
        import subprocess, sys, time

        code = {textwrap.dedent(PEER)!r}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        peers = [subprocess.Popen([sys.executable, "-c", code, tempo], **pipes) for tempo in ("100", "120")]

        def ask(number, line="?"):
            peers[number].stdin.write(line + "\\n")
            return [float(word) for word in peers[number].stdout.readline().split()]

        def until(told, limit_s=10.0):
            began_s = time.monotonic()
            while not told():
                if time.monotonic() - began_s > limit_s:
                    sys.exit("no agreement")
                time.sleep(0.02)

        until(lambda: ask(0)[0] == 1 and ask(1)[0] == 1)
        ask(0, "tempo 133")
        until(lambda: abs(ask(1)[3] - 133) < 0.01)
        ask(1, "play 1")
        until(lambda: ask(0)[4] == 1)
        worst = 0.0
        for _ in range(20):
            (_, here_s, here, *_), (_, there_s, there, *_) = ask(0), ask(1)
            worst = max(worst, abs(here + (there_s - here_s) * 133 / 60 - there))
        print("beats apart", worst)
        for peer in peers:
            peer.stdin.close()
            peer.wait(5)
        sys.exit(worst > 0.01)
    """)
    command = [unshare, "-n", "sh", "-c", 'ip link set lo up multicast on && exec "$0" -c "$1"', sys.executable, script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "not permitted" in ended.stderr:
        pytest.skip("this user may not make a network namespace")
    assert ended.returncode == 0, ended.stdout + ended.stderr
