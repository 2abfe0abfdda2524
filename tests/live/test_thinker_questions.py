"""The model thread: newest question wins, first note leaves alone, whatever a model does is survived."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import AnswerArrived, AnswerFailed, Ask, AskMore, Cancel, Event, Fault, Listen
from daw_bridge.live.thinker import LARGEST_CHUNK, NOTES_A_REQUEST, Thinker
from daw_bridge.music.notes import Note

WAIT_S = 5.0
NEUTRAL = SamplingControls()
LOUD = SamplingControls(temperature=1.5)


@dataclass
class Metronome:
    """A continuer that answers with a note every 100 ms; its velocity tells under which controls it was drawn."""

    name: str = "metronome"
    followed: list[int] = field(default_factory=list)
    gate: threading.Semaphore | None = None
    entered: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    broken: bool = False
    step_s: float = 0.1
    begun: int = 0
    drawn: int = 0
    drafts: list[int] = field(default_factory=list)

    def follow(self, context: Sequence[Note], _time_scale: float = 1.0) -> None:
        if self.broken:
            raise RuntimeError("first line\nthe model is broken")
        self.followed.append(len(context))

    def begin(
        self, _context: Sequence[Note], *, start_s: float, seed: int, drafts: int = 1, **_beside: float | bool
    ) -> Ticks:
        if self.broken:
            raise RuntimeError("first line\nthe model is broken")
        self.begun += 1
        self.drafts.append(drafts)
        return Ticks(self, start_s, seed)


@dataclass
class Ticks:
    owner: Metronome
    start_s: float
    seed: int
    drawn: int = 0

    def next(self, count: int, controls: SamplingControls) -> tuple[Note, ...]:
        self.owner.entered.put(count)
        if self.owner.gate is not None:
            assert self.owner.gate.acquire(timeout=WAIT_S)
        first, self.drawn = self.drawn, self.drawn + count
        self.owner.drawn += count
        return tuple(
            Note(self.start_s + self.owner.step_s * number, self.seed, 0.05, round(controls.temperature * 50))
            for number in range(first, self.drawn)
        )


@dataclass
class Desk:
    """A thinker with its replies laid out."""

    model: Metronome
    replies: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    faults: queue.SimpleQueue[Fault] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.thinker = Thinker(self.model, self.replies.put, self.faults.put)

    def answers(self, until_s: float) -> list[AnswerArrived]:
        """Replies up to the one that reaches `until_s`."""
        found: list[AnswerArrived] = []
        while not found or found[-1].notes[-1].onset_s < until_s:
            reply = self.replies.get(timeout=WAIT_S)
            assert isinstance(reply, AnswerArrived)
            found.append(reply)
        return found


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(Metronome())
    desk.thinker.start()
    yield desk
    desk.thinker.stop()


def ask(ask_id: int, *, start_s: float = 0.0, until_s: float = 1.0, seed: int = 60) -> Ask:
    return Ask(ask_id, ask_id, (), start_s, until_s, seed, NEUTRAL)


def call(count: int, first_s: float = 0.0) -> tuple[Note, ...]:
    return tuple(Note(first_s + 0.1 * number, 60, 0.05, 64) for number in range(count))


def test_the_first_note_leaves_alone_and_the_rest_follows_in_growing_helpings(desk: Desk) -> None:
    desk.thinker.take(ask(1, until_s=3.0))
    answers = desk.answers(3.0)
    assert [len(each.notes) for each in answers] == [1, 2, 4, 8, 8, 8]
    assert [each.first_index for each in answers] == [0, 1, 3, 7, 15, 23]
    assert {(each.ask_id, each.tier) for each in answers} == {(1, "metronome")}
    assert all(each.model_s >= 0 for each in answers)


@pytest.mark.parametrize(
    ("note_s", "helpings"), [(0.001, [1, 2, 4, 8, 8]), (0.005, [1, 2, 2, 2, 2]), (0.03, [1, 1, 1, 1, 1])]
)
def test_helpings_stay_small_on_a_slow_machine(note_s: float, helpings: list[int]) -> None:
    model = Metronome()
    desk = Desk(model)
    desk.thinker = Thinker(model, desk.replies.put, desk.faults.put, lambda: note_s * model.drawn)
    desk.thinker.start()
    try:
        desk.thinker.take(ask(1, until_s=3.0))
        assert [len(each.notes) for each in desk.answers(3.0)][:5] == helpings
    finally:
        desk.thinker.stop()


def test_more_goes_on_where_the_answer_stopped_under_the_new_controls(desk: Desk) -> None:
    desk.thinker.take(ask(1, until_s=0.5))
    drawn = sum(len(each.notes) for each in desk.answers(0.5))
    desk.thinker.take(AskMore(1, drawn, 2.0, LOUD))
    more = desk.answers(2.0)
    assert more[0].first_index == drawn
    assert more[0].notes[0].onset_s == pytest.approx(0.1 * drawn)
    assert {note.velocity for each in more for note in each.notes} == {75}
    assert desk.model.begun == 1


def test_an_answer_is_drawn_again_from_an_earlier_note_on(desk: Desk) -> None:
    desk.thinker.take(ask(1, until_s=1.0))
    assert sum(len(each.notes) for each in desk.answers(1.0)) > 4
    desk.thinker.take(AskMore(1, 4, 1.0, LOUD))
    again = desk.answers(1.0)
    assert again[0].first_index == 4
    assert again[0].notes[0] == Note(0.1 * 4, 60, 0.05, 75)


def test_only_the_newest_question_is_answered() -> None:
    desk = Desk(Metronome())
    for number in range(1, 6):
        desk.thinker.take(ask(number, until_s=0.2))
    desk.thinker.take(AskMore(3, 5, 9.0, NEUTRAL))
    desk.thinker.start()
    assert {each.ask_id for each in desk.answers(0.2)} == {5}
    desk.thinker.take(ask(6, until_s=0.0))
    assert [each.ask_id for each in desk.answers(0.0)] == [6]
    desk.thinker.stop()
    assert desk.replies.empty()


@pytest.mark.parametrize("stopped_by", [Cancel(1), ask(2, until_s=0.0)])
def test_a_question_nobody_waits_for_is_left_at_the_next_helping(stopped_by: Cancel | Ask) -> None:
    desk = Desk(Metronome(gate=threading.Semaphore(0)))
    assert desk.model.gate is not None
    desk.thinker.start()
    desk.thinker.take(ask(1, until_s=1000.0))
    desk.model.entered.get(timeout=WAIT_S)
    desk.thinker.take(stopped_by)
    desk.thinker.take(ask(3, until_s=0.0))
    desk.model.gate.release(100)
    replies = [desk.replies.get(timeout=WAIT_S)]
    while replies[-1].ask_id != 3:  # type: ignore[union-attr]
        replies.append(desk.replies.get(timeout=WAIT_S))
    desk.thinker.stop()
    first = [reply for reply in replies if isinstance(reply, AnswerArrived) and reply.ask_id == 1]
    assert sum(len(reply.notes) for reply in first) <= 1 + LARGEST_CHUNK


def test_the_call_is_followed_while_it_is_played(desk: Desk) -> None:
    for count in (1, 2, 3):
        desk.thinker.take(Listen(call(count)))
        desk.thinker.take(Cancel(0))
    desk.thinker.take(ask(1, until_s=0.0))
    desk.answers(0.0)
    assert desk.model.followed == sorted(desk.model.followed)


def test_a_new_context_is_taken_in_slices_and_a_grown_one_at_once() -> None:
    desk = Desk(Metronome())
    desk.thinker.take(Listen(call(150, first_s=7.0)))
    desk.thinker.start()
    desk.thinker.take(ask(1, until_s=0.0))
    desk.answers(0.0)
    desk.thinker.stop()
    assert desk.model.followed in ([], [64], [64, 128], [64, 128, 150])


def test_a_broken_model_is_told_in_one_line_and_the_thread_lives(desk: Desk) -> None:
    desk.model.broken = True
    desk.thinker.take(Listen(call(1)))
    fault = desk.faults.get(timeout=WAIT_S)
    assert fault.kind == "model"
    assert "\n" not in fault.text
    desk.thinker.take(ask(1))
    failed = desk.replies.get(timeout=WAIT_S)
    assert failed == AnswerFailed(1, "RuntimeError: the model is broken")
    desk.model.broken = False
    desk.thinker.take(ask(2, until_s=0.0))
    assert desk.answers(0.0)[0].ask_id == 2


def test_a_model_that_never_moves_on_is_bounded(desk: Desk) -> None:
    desk.model.step_s = 0.0
    desk.thinker.take(ask(1, until_s=1.0))
    desk.thinker.take(Cancel(0))
    count = 0
    while count < NOTES_A_REQUEST:
        reply = desk.replies.get(timeout=WAIT_S)
        assert isinstance(reply, AnswerArrived)
        count += len(reply.notes)
    desk.thinker.stop()
    assert desk.replies.empty()
    assert count < NOTES_A_REQUEST + LARGEST_CHUNK


def test_what_a_faulty_asker_wanted_is_forgotten() -> None:
    desk = Desk(Metronome())
    desk.thinker.take(ask(1))
    desk.thinker.forget()
    desk.thinker.take(ask(2, until_s=0.0))
    desk.thinker.start()
    assert desk.answers(0.0)[0].ask_id == 2
    desk.thinker.stop()


class Drafter(Metronome):
    """Needs 10 ms for the first draft of a beginning, and 5 for each more."""

    def draft_s(self, drafts: int) -> float:
        return 0.005 + 0.005 * drafts


@pytest.mark.parametrize(
    ("wanted", "left_s", "drafted"), [(4, 1.0, 4), (4, 0.045, 3), (8, 0.031, 2), (8, 0.0, 1), (8, -3.0, 1), (1, 1.0, 1)]
)
def test_as_many_drafts_are_drawn_as_time_allows(wanted: int, left_s: float, drafted: int) -> None:
    model, replies = Drafter(), queue.SimpleQueue[Event]()
    thinker = Thinker(model, replies.put, print, engine_clock=lambda: 100.0)
    thinker.start()
    thinker.take(replace(ask(1, start_s=100.0 + left_s, until_s=100.0 + left_s), drafts=wanted))
    reply = replies.get(timeout=WAIT_S)
    thinker.stop()
    assert isinstance(reply, AnswerArrived)
    assert reply.drafts == drafted
    assert model.drafts == [drafted]


def test_a_model_that_cannot_choose_is_not_asked_to(desk: Desk) -> None:
    desk.thinker.take(replace(ask(1, start_s=1e12, until_s=1e12), drafts=4))
    assert [each.drafts for each in desk.answers(1e12)][:1] == [1]
    assert desk.model.drafts == [1]
