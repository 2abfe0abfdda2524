"""The net unrolled note by note with sampling inside: what is compiled to TorchScript and played on stage.

Linear maps of embeddings are folded into tables when it is built, so that most of a note costs a few table sums and
eight matrix products. Methods never change the state they are given: a caller may keep any state and go back to it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.nets.features import (
    ENDS,
    FINDERS,
    LENGTH_BUCKETS,
    MEMORY,
    RING,
    advance_lengths,
    best_match,
    length_bucket,
    nearest_ends,
    recency_ramp,
    status_index,
)
from daw_models.nets.notewise import CLASSES, STATUS_ROWS, NoteNet
from daw_models.nets.products import ProductMaker
from daw_models.nets.sampling import choose
from daw_models.nets.steering import (
    FADE,
    WINDOW,
    fading_ramp,
    figure_of,
    onset_steps,
    past_figures,
    repeated_figures,
    sounding_weight,
    tone_pull,
)


class Continuer(nn.Module):
    """Plays on from what it has heard. Rows are int64 [B, n, 4] in cells, as in the weights file's vocabulary.

    All but the core, which a family adds (`continuer_lstm.py`, `continuer_transformer.py`).
    State, batch first: 0 and 1 the core's own; 2 what the heads start from [B, 4 head]; 3 ring [B, 2,
    RING] of pitches and absolute ends; 4 now [B]; 5 match lengths int16 [B, FINDERS, MEMORY]; 6 memory int16 [B, 5,
    MEMORY]: onset in cells, then onset, pitch, duration and velocity as bins; 7 what followed the best matches [B, 6,
    FINDERS]: the four bins, the bucket of the match's length, and that bucket offset by 16 if anything matches; 8 last
    velocity [B]; 9 notes heard [B]; 10 the next ends as bins [B, ENDS]; more of the core's own may follow.
    """

    enter_rows: Tensor
    onset_rows: Tensor
    pitch_rows: Tensor
    duration_rows: Tensor
    velocity_rows: Tensor
    enter_at: Tensor
    onset_at: Tensor
    pitch_at: Tensor
    duration_at: Tensor
    velocity_at: Tensor
    cell_bins: Tensor
    first_cells: Tensor
    widths: Tensor
    ramp: Tensor
    told_nothing: Tensor
    length_rows: Tensor
    opening_entering: Tensor
    steps: Tensor
    fading: Tensor

    def __init__(self, net: NoteNet, product: ProductMaker) -> None:
        super().__init__()
        self.hidden, self.head = net.config.hidden, net.config.head
        self.max_cells, self.none = net.vocabulary.max_cells, net.vocabulary.time_bins
        self.cell_s = net.vocabulary.cell_s
        self._fold_tables(net)

        outputs = []
        for logits, pointers in zip(net.to_logits, net.to_pointers, strict=True):
            assert isinstance(logits, nn.Linear)
            assert isinstance(pointers, nn.Linear)
            outputs.append(
                product(torch.cat([logits.weight, pointers.weight]), torch.cat([logits.bias, pointers.bias]))
            )
        self.out_onset, self.out_pitch, self.out_duration, self.out_velocity = outputs
        vocabulary = net.vocabulary
        bins = range(vocabulary.time_bins)
        self.register_buffer("cell_bins", net.cell_bins.clone())
        self.register_buffer("first_cells", torch.tensor([vocabulary.first_cell_of_bin(index) for index in bins]))
        self.register_buffer("widths", torch.tensor([vocabulary.width_of_bin(index) for index in bins]))
        self.register_buffer("ramp", recency_ramp(MEMORY))
        self.register_buffer("steps", onset_steps(self.max_cells))
        self.register_buffer("fading", fading_ramp(WINDOW, FADE))
        nothing = torch.tensor([[[self.none], [128], [self.none], [0]]], dtype=torch.int16)
        self.register_buffer("told_nothing", nothing)
        buckets = length_bucket(torch.arange(256))
        offset = buckets + 16 * (buckets > 0)
        self.register_buffer("length_rows", torch.stack([buckets, offset]).to(torch.int16))
        before = [self.none, 128, self.none, 0, CLASSES]
        told = [self.none] * 2 + [128] * 2 + [self.none] * 2 + [0] * 4
        opening = torch.tensor([[[*before, *[self.none] * ENDS, *told]]])
        self.register_buffer("opening_entering", opening)

    @torch.no_grad()
    def _fold_tables(self, net: NoteNet) -> None:
        onset, pitch = net.onset_table.weight, net.pitch_table.weight
        duration, velocity = net.duration_table.weight, net.velocity_table.weight
        group = net.class_table.weight
        length = [table.weight for table in net.length_tables if isinstance(table, nn.Embedding)]
        note = [onset, pitch, duration, velocity]
        told: list[list[Tensor]] = [
            [group, *[duration] * ENDS, *[onset] * FINDERS, *[length[0]] * FINDERS],
            [group, onset, *[pitch] * FINDERS, *[length[1]] * FINDERS],
            [group, onset, pitch, *[duration] * ENDS, *[duration] * FINDERS, *[length[2]] * FINDERS],
            [group, onset, pitch, duration, *[velocity] * FINDERS, *[length[3]] * FINDERS, velocity],
        ]
        entering = [*note, group, *[duration] * ENDS, *[*note, length[0]] * FINDERS]
        rows, starts = _folded(entering, net.enter.weight)
        rows[starts[0] : starts[1]] += net.enter.bias
        # The net reads finder by finder, the program field by field.
        first = 5 + ENDS
        starts = torch.cat([starts[:first], starts[first:].view(FINDERS, 5).T.flatten()])
        self.register_buffer("enter_rows", rows)
        self.register_buffer("enter_at", starts)
        for index, name in enumerate(("onset", "pitch", "duration", "velocity")):
            layer = net.from_told[index]
            assert isinstance(layer, nn.Linear)
            rows, starts = _folded(told[index], layer.weight)
            if name == "pitch":
                starts = torch.cat([starts, torch.full((RING,), len(rows))])
                rows = torch.cat([rows, net.from_status.weight.T, torch.zeros(1, self.head)])
                assert len(net.from_status.weight.T) == STATUS_ROWS - 1
            self.register_buffer(f"{name}_rows", rows.contiguous())
            self.register_buffer(f"{name}_at", starts)

    def _recur(self, state: list[Tensor], entering: Tensor, now: Tensor) -> None:
        """The core hears n notes: entering int64 [B, n, slots], their onsets [B, n] in cells; sets the heads' start."""
        raise NotImplementedError

    def _opened(self, batch: int) -> list[Tensor]:
        """What the core holds before anything was heard: entries 0, 1 and 2 of the state, then those from 11 on."""
        raise NotImplementedError

    def _advance(self, state: list[Tensor], note: Tensor, onset: Tensor, duration: Tensor, note_class: int) -> None:
        """Hear one note: int64 [B, 4] in cells, its onset and duration also as bins; changes `state`, which is ours."""
        entering = self._notice(state, note, onset, duration, note_class)
        self._recur(state, entering.unsqueeze(1), state[4].unsqueeze(1))

    def _notice(self, state: list[Tensor], note: Tensor, onset: Tensor, duration: Tensor, note_class: int) -> Tensor:
        """Take notice of one note; returns what the core is to hear of it, int64 [B, slots]."""
        return self._keep(state, note, onset, duration, note_class)

    def _keep(self, state: list[Tensor], note: Tensor, onset: Tensor, duration: Tensor, note_class: int) -> Tensor:
        """Keep what is told exactly up to date with one note; returns what the core is to hear, int64 [B, slots]."""
        now = state[4] + note.select(1, 0)
        state[4] = now
        pitch, velocity = note.select(1, 1), note.select(1, 3)
        slot = int(state[9][0].item()) % 2048
        state[9] = state[9] + 1
        small = torch.stack([note.select(1, 0), onset, pitch, duration, velocity], 1).to(torch.int16)
        memory = state[6]
        lengths = advance_lengths(
            state[5], memory.select(1, 2), memory.select(1, 0), small.select(1, 2), small.select(1, 0)
        )
        lengths.select(2, slot).zero_()
        state[5] = lengths
        memory.select(2, slot).copy_(small)
        where, match = best_match(lengths, slot, self.ramp)
        follows = ((where + 1) % 2048).unsqueeze(1).expand(note.size(0), 4, 2)
        told = memory.narrow(1, 1, 4).gather(2, follows)
        told = torch.where((match > 0).unsqueeze(1), told, self.told_nothing)
        told = torch.cat([told, self.length_rows[:, match.to(torch.int64)].transpose(0, 1)], 1).to(torch.int64)
        state[7] = told
        ring = torch.roll(state[3], 1, 2)
        ring.select(2, 0).copy_(torch.stack([pitch, now + note.select(1, 2)], 1))
        state[3] = ring
        ends = self.cell_bins[nearest_ends(ring.select(1, 1), now).clamp_(max=self.max_cells + 1)]
        state[10] = ends
        state[8] = velocity
        head = torch.stack([onset, pitch, duration, velocity, torch.full_like(pitch, note_class)], 1)
        return torch.cat([head, ends, told.narrow(1, 0, 5).flatten(1)], 1)

    def _raised(self, output: Tensor, bins: int, pointed: Tensor, none: int, lift: float) -> Tensor:
        """Logits from a head's output [B, bins + pointers]: what is pointed at is raised by its trust.

        `lift` nats are added to the trust of every pointer.
        """
        trust = output.narrow(1, bins, output.size(1) - bins)
        if lift != 0.0:
            trust = trust + lift
        known = pointed != none
        return output.narrow(1, 0, bins).scatter_add(1, pointed * known, trust * known)

    def _onset_logits(self, state: list[Tensor], note_class: int) -> Tensor:
        told, ends = state[7], state[10]
        index = torch.cat(
            [torch.full_like(ends.narrow(1, 0, 1), note_class), ends, told.select(1, 0), told.select(1, 4)], 1
        )
        inner = torch.relu(state[2].narrow(1, 0, self.head) + table_sums(self.onset_rows, index + self.onset_at))
        return self._raised(self.out_onset(inner), self.none, torch.cat([ends, told.select(1, 0)], 1), self.none, 0.0)

    def _pitch_logits(self, state: list[Tensor], onset: Tensor, then: Tensor, note_class: int, lift: float) -> Tensor:
        told = state[7]
        status = status_index(state[3].select(1, 0), state[3].select(1, 1), then)
        known = onset.unsqueeze(1)
        held = torch.add(told.select(1, 5), told.select(1, 0) == known, alpha=16)
        index = torch.cat([torch.full_like(known, note_class), known, told.select(1, 1), held, status], 1)
        hidden = state[2].narrow(1, self.head, self.head) + self._from_key(state)
        inner = torch.relu(hidden + table_sums(self.pitch_rows, index + self.pitch_at))
        return self._raised(self.out_pitch(inner), 128, told.select(1, 1), 128, lift)

    def _from_key(self, state: list[Tensor]) -> Tensor:
        """What the pitch head hears of the harmony so far; nothing, unless a family listens."""
        return torch.zeros_like(state[2].narrow(1, 0, self.head))

    def _pitch_held(self, state: list[Tensor], pitch: Tensor) -> Tensor:
        """For each finder whether its pitch came true, times the bucket of its match's length."""
        told = state[7]
        return torch.add(told.select(1, 5), told.select(1, 1) == pitch.unsqueeze(1), alpha=16)

    def _duration_logits(
        self, state: list[Tensor], onset: Tensor, pitch: Tensor, then: Tensor, held: Tensor, note_class: int
    ) -> Tensor:
        told = state[7]
        left = self.cell_bins[nearest_ends(state[3].select(1, 1), then).clamp_(max=self.max_cells + 1)]
        known = torch.stack([torch.full_like(onset, note_class), onset, pitch], 1)
        index = torch.cat([known, left, told.select(1, 2), held], 1)
        inner = torch.relu(
            state[2].narrow(1, 2 * self.head, self.head) + table_sums(self.duration_rows, index + self.duration_at)
        )
        return self._raised(
            self.out_duration(inner), self.none, torch.cat([left, told.select(1, 2)], 1), self.none, 0.0
        )

    def _velocity_logits(
        self, state: list[Tensor], onset: Tensor, pitch: Tensor, duration: Tensor, held: Tensor, note_class: int
    ) -> Tensor:
        told, last = state[7], state[8].unsqueeze(1)
        known = torch.stack([torch.full_like(onset, note_class), onset, pitch, duration], 1)
        index = torch.cat([known, told.select(1, 3), held, last], 1)
        inner = torch.relu(
            state[2].narrow(1, 3 * self.head, self.head) + table_sums(self.velocity_rows, index + self.velocity_at)
        )
        return self._raised(self.out_velocity(inner), 128, torch.cat([told.select(1, 3), last], 1), 0, 0.0)

    def _own(self, state: list[Tensor]) -> list[Tensor]:
        """A list of ours; only the memory is written in place, so only it is copied."""
        own = [tensor for tensor in state]  # noqa: C416  # TorchScript knows no list()
        own[6] = own[6].clone()
        return own

    def _checked(self, rows: Tensor) -> Tensor:
        """Rows inside the grid: nothing a caller hands over can index beyond a table."""
        low = torch.tensor([0, 0, 0, 1])
        high = torch.tensor([self.max_cells, 127, self.max_cells, 127])
        return torch.minimum(torch.maximum(rows, low), high)

    @torch.jit.export
    def initial_state(self, batch: int) -> list[Tensor]:
        """The state before anything was heard."""
        ring = torch.full((batch, 2, 12), 128, dtype=torch.int64)
        ring[:, 1] = -(1 << 20)
        memory = torch.zeros((batch, 5, 2048), dtype=torch.int16)
        memory[:, 2] = -1
        shared = [
            ring,
            torch.zeros(batch, dtype=torch.int64),
            torch.zeros((batch, 2, 2048), dtype=torch.int16),
            memory,
            torch.cat([self.told_nothing, self.told_nothing.narrow(1, 0, 2) * 0], 1)
            .to(torch.int64)
            .repeat(batch, 1, 2),
            torch.zeros(batch, dtype=torch.int64),
            torch.zeros(batch, dtype=torch.int64),
            torch.full((batch, 4), self.none, dtype=torch.int64),
        ]
        opened = self._opened(batch)
        return opened[:3] + shared + opened[3:]

    @torch.jit.export
    def feed(self, state: list[Tensor], rows: Tensor, note_class: int) -> list[Tensor]:
        """The state after known notes."""
        own = self._own(state)
        if rows.size(1) == 0:
            return own
        rows = self._checked(rows)
        onsets, durations = self.cell_bins[rows[:, :, 0]], self.cell_bins[rows[:, :, 2]]
        entering: list[Tensor] = []
        nows: list[Tensor] = []
        for index in range(rows.size(1)):
            entering.append(
                self._notice(
                    own, rows.select(1, index), onsets.select(1, index), durations.select(1, index), note_class
                )
            )
            nows.append(own[4])
        self._recur(own, torch.stack(entering, 1), torch.stack(nows, 1))
        return own

    def _nats(self, logits: list[Tensor], chosen: Tensor) -> Tensor:
        """Nats of the chosen bins int64 [B, n], of logits [B, bins] for each of the n notes."""
        if len(logits) == 0:
            return torch.zeros(chosen.size(0), 0)
        together = torch.stack(logits, 1)
        picked = together.gather(2, chosen.unsqueeze(2)).squeeze(2)
        return torch.logsumexp(together, 2) - picked

    @torch.jit.export
    def score(self, state: list[Tensor], rows: Tensor, note_class: int) -> tuple[Tensor, list[Tensor]]:
        """Nats of every part of known notes on the reference grid, float [B, n, 4], and the state after them."""
        own = self._own(state)
        rows = self._checked(rows)
        onsets, durations = self.cell_bins[rows[:, :, 0]], self.cell_bins[rows[:, :, 2]]
        kept: list[list[Tensor]] = [[], [], [], []]
        for index in range(rows.size(1)):
            note, onset, duration = rows.select(1, index), onsets.select(1, index), durations.select(1, index)
            then, pitch = own[4] + note.select(1, 0), note.select(1, 1)
            kept[0].append(self._onset_logits(own, note_class))
            kept[1].append(self._pitch_logits(own, onset, then, note_class, 0.0))
            held = self._pitch_held(own, pitch)
            kept[2].append(self._duration_logits(own, onset, pitch, then, held, note_class))
            kept[3].append(self._velocity_logits(own, onset, pitch, duration, held, note_class))
            self._advance(own, note, onset, duration, note_class)
        nats = torch.stack(
            [
                self._nats(kept[0], onsets) + torch.log(self.widths[onsets]),
                self._nats(kept[1], rows[:, :, 1]),
                self._nats(kept[2], durations) + torch.log(self.widths[durations]),
                self._nats(kept[3], rows[:, :, 3]),
            ],
            2,
        )
        return nats, own

    def _recent(self, state: list[Tensor], more: int, began: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of the last WINDOW notes, with room for more: pitch classes, weights for the harmony, figures; [B, n] each.

        Only figures between notes from number `began` on can be met again.
        """
        batch, heard = state[4].size(0), int(state[9][0].item())
        number = torch.arange(heard - 128, heard + more)
        memory = state[6][:, :, number[:128] % 2048].to(torch.int64)
        room = torch.zeros((batch, more), dtype=torch.int64)
        pitches = torch.cat([memory.select(1, 2), room], 1)
        steps = torch.cat([self.steps[memory.select(1, 0).clamp(min=0, max=self.max_cells)], room], 1)
        figures = past_figures(pitches, steps, max(began, 0) + 129 - heard)
        figures[:, 128:] = -(1 << 21) - number[128:]
        durations = self.first_cells[memory.select(1, 3).clamp(min=0, max=self.none - 1)]
        weights = sounding_weight(durations) * (number[:128] >= 0)
        return pitches % 12, torch.cat([weights, torch.zeros(batch, more)], 1), figures

    @torch.jit.export
    def sample(
        self,
        state: list[Tensor],
        uniforms: Tensor,
        first_onset_cells: int,
        note_class: int,
        controls: dict[str, Tensor],
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Play on: rows int64 [B, n, 4], their nats under the unmodified model, and the state after them.

        uniforms float [B, n, 4] in [0, 1) decide everything. first_onset_cells >= 0 forces the first onset difference.
        Controls, all optional: temperature [4], top_p [4], pitch_bias [128], onset_bias [2] (nats per second, least
        cells), max_duration_cells [1], velocity_bias [2] (centre, strength), imitation [1] (nats added to the pitch
        that followed the last time), tones [13] (nats for each pitch class, and following strength, see
        `tone_pull`), variety [2] (nats against a figure that the answer has played before, and how many notes were
        heard when the answer began).
        """
        own = self._own(state)
        batch, notes = uniforms.size(0), uniforms.size(1)
        warmth = [1.0, 1.0, 1.0, 1.0]
        if "temperature" in controls:
            warmth = [float(controls["temperature"][part].item()) for part in range(4)]
        top_p = [1.0, 1.0, 1.0, 1.0]
        if "top_p" in controls:
            top_p = [float(controls["top_p"][part].item()) for part in range(4)]
        lift = 0.0
        if "imitation" in controls:
            lift = float(controls["imitation"][0].item())
        onset_bias = torch.zeros(0)
        if "onset_bias" in controls:
            slope, least = float(controls["onset_bias"][0].item()), float(controls["onset_bias"][1].item())
            onset_bias = self.first_cells * self.cell_s * slope
            onset_bias = onset_bias.masked_fill(self.first_cells < least, -float("inf"))
        duration_bias = torch.zeros(0)
        if "max_duration_cells" in controls:
            most = float(controls["max_duration_cells"][0].item())
            duration_bias = torch.zeros(self.none).masked_fill(self.first_cells > most, -float("inf"))
        velocity_bias = torch.zeros(128)
        if "velocity_bias" in controls:
            centre, strength = float(controls["velocity_bias"][0].item()), float(controls["velocity_bias"][1].item())
            velocity_bias = -strength * ((torch.arange(128) - centre) / 16.0).square()
        velocity_bias[0] = -float("inf")
        pitch_bias = torch.zeros(0)
        if "pitch_bias" in controls:
            pitch_bias = controls["pitch_bias"]
        tones, following = torch.zeros(0), 0.0
        if "tones" in controls:
            tones, following = controls["tones"][:12], float(controls["tones"][12].item())
        variety, began = 0.0, 0
        if "variety" in controls:
            variety, began = float(controls["variety"][0].item()), int(controls["variety"][1].item())
        steered = tones.size(0) > 0 or variety != 0.0
        classes, figures = torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
        weights = torch.zeros(0)
        if steered:
            classes, weights, figures = self._recent(own, notes, began)
        # A wide bin is one draw; the low bits of the same uniform say which of its cells.
        inside = torch.frac(uniforms * 4096.0)
        for part in range(4):
            if warmth[part] <= 0.001:
                inside[:, :, part] = 0.5
        kept: list[list[Tensor]] = [[], [], [], []]
        rows: list[Tensor] = []
        onsets: list[Tensor] = []
        durations: list[Tensor] = []
        for index in range(notes):
            draw, low = uniforms.select(1, index), inside.select(1, index)
            logits = self._onset_logits(own, note_class)
            kept[0].append(logits)
            if index == 0 and first_onset_cells >= 0:
                onset_cells = torch.full((batch,), min(first_onset_cells, self.max_cells), dtype=torch.int64)
                onset = self.cell_bins[onset_cells]
            else:
                if onset_bias.size(0) > 0:
                    logits = logits + onset_bias
                onset = choose(logits, warmth[0], top_p[0], draw.select(1, 0))
                onset_cells = self.first_cells[onset] + (low.select(1, 0) * self.widths[onset]).to(torch.int64)
            then = own[4] + onset_cells
            logits = self._pitch_logits(own, onset, then, note_class, lift)
            kept[1].append(logits if lift == 0.0 else self._pitch_logits(own, onset, then, note_class, 0.0))
            if pitch_bias.size(0) > 0:
                logits = logits + pitch_bias
            step, end = torch.zeros(0, dtype=torch.int64), index + 128
            if tones.size(0) > 0:
                fading = weights.narrow(1, index, 128) * self.fading
                logits = logits + tone_pull(tones, following, classes.narrow(1, index, 128), fading)
            if variety != 0.0:
                step = self.steps[onset_cells]
                times = repeated_figures(figures.narrow(1, index, 128), own[3].select(1, 0), step)
                logits = logits - variety * torch.log1p(times)
            pitch = choose(logits, warmth[1], top_p[1], draw.select(1, 1))
            held = self._pitch_held(own, pitch)
            logits = self._duration_logits(own, onset, pitch, then, held, note_class)
            kept[2].append(logits)
            if duration_bias.size(0) > 0:
                logits = logits + duration_bias
            duration = choose(logits, warmth[2], top_p[2], draw.select(1, 2))
            duration_cells = self.first_cells[duration] + (low.select(1, 2) * self.widths[duration]).to(torch.int64)
            logits = self._velocity_logits(own, onset, pitch, duration, held, note_class)
            kept[3].append(logits)
            velocity = choose(logits + velocity_bias, warmth[3], top_p[3], draw.select(1, 3))
            note = torch.stack([onset_cells, pitch, duration_cells, velocity], 1)
            rows.append(note)
            onsets.append(onset)
            durations.append(duration)
            if steered:
                classes.select(1, end).copy_(pitch % 12)
                weights.select(1, end).copy_(sounding_weight(duration_cells))
                if variety != 0.0 and int(own[9][0].item()) > began:
                    figures.select(1, end).copy_(figure_of(pitch - own[3].select(1, 0).select(1, 0), step))
            self._advance(own, note, onset, duration, note_class)
        if notes == 0:
            return torch.zeros((batch, 0, 4), dtype=torch.int64), torch.zeros(batch, 0, 4), own
        played, onset, duration = torch.stack(rows, 1), torch.stack(onsets, 1), torch.stack(durations, 1)
        nats = torch.stack(
            [
                self._nats(kept[0], onset) + torch.log(self.widths[onset]),
                self._nats(kept[1], played[:, :, 1]),
                self._nats(kept[2], duration) + torch.log(self.widths[duration]),
                self._nats(kept[3], played[:, :, 3]),
            ],
            2,
        )
        return played, nats, own

    @torch.jit.export
    def expand(self, state: list[Tensor], batch: int) -> list[Tensor]:
        """The state of one to many candidates."""
        return [tensor[:1].expand([batch] + [-1] * (tensor.dim() - 1)).clone() for tensor in state]

    @torch.jit.export
    def pick(self, state: list[Tensor], index: int) -> list[Tensor]:
        """The state of one candidate."""
        return [tensor[index : index + 1].clone() for tensor in state]


def table_sums(rows: Tensor, index: Tensor) -> Tensor:
    """Sums of table rows: rows [R, width], index int64 [B, n] -> [B, width]."""
    return functional.embedding(index, rows).sum(1)


def _folded(tables: list[Tensor], weight: Tensor) -> tuple[Tensor, Tensor]:
    """Each table times its columns of `weight`, one below the other, and where each begins."""
    rows, starts, column, row = [], [], 0, 0
    for table in tables:
        rows.append(table @ weight[:, column : column + table.size(1)].T)
        starts.append(row)
        column += table.size(1)
        row += table.size(0)
    if column != weight.size(1):
        raise ValueError(f"tables of {column} columns for a weight of {weight.size(1)}")
    return torch.cat(rows), torch.tensor(starts)


assert (RING, ENDS, FINDERS, LENGTH_BUCKETS, MEMORY, WINDOW) == (12, 4, 2, 16, 2048, 128), "literals, for TorchScript"
