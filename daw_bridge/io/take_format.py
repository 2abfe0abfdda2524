"""The lines of a take file: JSON Lines, each with a checksum of itself, each a record of one kind.

A line is a JSON object whose last member is `"crc"`, the CRC-32 (8 hex digits) of the line's bytes without that member.
Times are seconds of the bridge's monotonic clock, written in full precision. The first record is the header.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from daw_bridge.engine.continuation import SamplingControls
from daw_bridge.engine.events import Sent, TurnCalled, TurnEnded, TurnStreamed
from daw_bridge.engine.parameters import Value
from daw_bridge.errors import UsageError
from daw_bridge.music.messages import decode, encode
from daw_bridge.music.notes import Note

FORMAT: Final = "aiart-bridge-take"
VERSION: Final = 1
SUFFIX: Final = ".take"

_CRC_LENGTH: Final = len(',"crc":"00000000"}')

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model answered: its name and file, and the SHA-256 of that file ("" where there is none)."""

    name: str
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class TakeHeader:
    """The first record: what a replay needs to stand where the take stood.

    `started` is local wall-clock time (ISO 8601 with offset), `started_s` the same moment on the bridge's clock.
    `backups` are the models that answered when `model` was late.
    """

    id: str
    started: str
    started_s: float
    seed: int
    model: ModelIdentity
    settings: Mapping[str, Value]
    programs: Mapping[str, str]
    backups: tuple[ModelIdentity, ...] = ()


class DamagedLineError(ValueError):
    """A line whose checksum or contents are not those of a record."""


def encode_line(record: Record) -> bytes:
    """A record as a whole line, newline included."""
    return seal(json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


def seal(text: str) -> bytes:
    """The text of a JSON object as a line with its checksum."""
    body = text.encode()
    return b'%s,"crc":"%08x"}\n' % (body[:-1], zlib.crc32(body))


def decode_line(line: bytes) -> Record:
    """The record of a line. Raises DamagedLineError for anything that `encode_line` has not written whole."""
    try:
        record = json.loads(checked(line))
    except ValueError:
        raise DamagedLineError("not a whole JSON line") from None
    if not isinstance(record, dict):
        raise DamagedLineError("not a record")
    return record


def checked(line: bytes) -> bytes:
    """The JSON of a line, its checksum taken off. Raises DamagedLineError when that does not fit."""
    line = line.rstrip(b"\r\n")
    body, tail = line[:-_CRC_LENGTH] + b"}", line[-_CRC_LENGTH:]
    if tail != b',"crc":"%08x"}' % zlib.crc32(body):
        raise DamagedLineError("the checksum does not fit the line")
    return body


def header_record(header: TakeHeader) -> Record:
    """The header as a record."""
    return {"type": "take", "format": FORMAT, "version": VERSION, **asdict(header)}


def read_header(record: Record, where: str) -> TakeHeader:
    """The header of a record. Raises UsageError when it is none, or of a version this program does not know."""
    if record.get("type") != "take" or record.get("format") != FORMAT:
        raise UsageError("not a take file", where=where, cure="`aiart-bridge takes list` names the takes")
    if record.get("version") != VERSION:
        raise UsageError(
            f"a take of format version {record.get('version')}, this program reads version {VERSION}",
            where=where,
            cure="use the program that recorded it, or a newer one",
        )
    try:
        return TakeHeader(
            id=str(record["id"]),
            started=str(record["started"]),
            started_s=float(record["started_s"]),
            seed=int(record["seed"]),
            model=ModelIdentity(**record["model"]),
            settings=dict(record["settings"]),
            programs=dict(record["programs"]),
            backups=tuple(ModelIdentity(**backup) for backup in record.get("backups", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the header of this take is incomplete ({error!r})", where=where) from None


def notes_json(notes: Iterable[Note]) -> str:
    """Notes as JSON rows [onset_s, pitch, duration_s, velocity, channel].

    Written note by note, so that a long context does not hold the interpreter lock in one piece beside the playing.
    """
    rows = [f"[{n.onset_s!r},{n.pitch},{n.duration_s!r},{n.velocity},{n.channel}]" for n in notes]
    return f"[{','.join(rows)}]"


def read_notes(rows: Sequence[Sequence[Any]]) -> tuple[Note, ...]:
    """The notes of JSON rows. Raises ValueError or TypeError for rows that are none."""
    return tuple(Note(float(row[0]), int(row[1]), float(row[2]), int(row[3]), int(row[4])) for row in rows)


def _members(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False, allow_nan=False)[:-1]


def called_line(value: TurnCalled, at_s: float) -> bytes:
    """The line of a turn that is being answered."""
    fields = {
        "type": "called",
        "at_s": at_s,
        "turn": value.turn,
        "ask_id": value.ask_id,
        "over_s": value.over_s,
        "start_s": value.start_s,
        "seed": value.seed,
        "controls": asdict(value.controls),
        "time_scale": value.time_scale,
        "drums": value.drums,
        "drafts": value.drafts,
    }
    return seal(f'{_members(fields)},"call":{notes_json(value.call)},"context":{notes_json(value.context)}}}')


def read_called(record: Record, *, brief: bool = False) -> TurnCalled:
    """The turn of a `called` record; a brief one leaves the context out."""
    return TurnCalled(
        turn=record["turn"],
        ask_id=record["ask_id"],
        call=read_notes(record["call"]),
        context=() if brief else read_notes(record["context"]),
        over_s=record["over_s"],
        start_s=record["start_s"],
        seed=record["seed"],
        controls=SamplingControls(**record["controls"]),
        time_scale=record["time_scale"],
        drums=record["drums"],
        drafts=record.get("drafts", 1),
    )


def streamed_line(value: TurnStreamed, at_s: float) -> bytes:
    """The line of a part of an answer."""
    fields = {
        "type": "streamed",
        "at_s": at_s,
        "turn": value.turn,
        "ask_id": value.ask_id,
        "first_index": value.first_index,
        "controls": asdict(value.controls),
        "tier": value.tier,
        "model_s": value.model_s,
    }
    return seal(f'{_members(fields)},"notes":{notes_json(value.notes)}}}')


def read_streamed(record: Record) -> TurnStreamed:
    """The part of an answer of a `streamed` record."""
    return TurnStreamed(
        turn=record["turn"],
        ask_id=record["ask_id"],
        first_index=record["first_index"],
        notes=read_notes(record["notes"]),
        controls=SamplingControls(**record["controls"]),
        tier=record["tier"],
        model_s=record["model_s"],
    )


def ended_line(value: TurnEnded, at_s: float) -> bytes:
    """The line of a turn's end."""
    fields = {
        "type": "ended",
        "at_s": at_s,
        "turn": value.turn,
        "reason": value.reason,
        "first_note_late_s": value.first_note_late_s,
    }
    return seal(f'{_members(fields)},"played":{notes_json(value.played)}}}')


def read_ended(record: Record) -> TurnEnded:
    """The end of a turn of an `ended` record."""
    return TurnEnded(record["turn"], read_notes(record["played"]), record["reason"], record["first_note_late_s"])


def sent_line(value: Sent) -> bytes:
    """The line of a message handed to the driver."""
    return encode_line(
        {
            "type": "out",
            "wanted_s": value.wanted_s,
            "actual_s": value.actual_s,
            "turn": value.turn,
            "port": value.port,
            "hex": encode(value.message).hex(),
        }
    )


def read_sent(record: Record) -> Sent:
    """The message of an `out` record."""
    return Sent(
        decode(bytes.fromhex(record["hex"])), record["wanted_s"], record["actual_s"], record["turn"], record["port"]
    )
