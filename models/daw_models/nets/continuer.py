"""The net unrolled note by note with sampling inside: what is compiled to TorchScript and played on stage.

A note costs by how many operations it takes, hardly by their size: linear maps of embeddings are folded into tables
when it is built, indices keep their column, and what several parts need is kept together. Methods never change the
state they are given: a caller may keep any state and go back to it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from daw_models.nets.features import ENDS, FINDERS, HORIZONS, LONG_AGO, MEMORY, NOWHERE, RING
from daw_models.nets.notewise import NoteNet
from daw_models.nets.products import ProductMaker
from daw_models.nets.sampling import below_one, choose
from daw_models.nets.steering import (
    FADE,
    WINDOW,
    figure_of,
    onset_steps,
    passage,
    past_figures,
    past_passages,
    repeated_figures,
    rut_allowances,
    rut_weights,
    sounding_weight,
    tone_pull,
)
from daw_models.nets.tables import TOLD, Tables, nothing_told
from daw_models.nets.wishes import Wishes, read_wishes, wished

LASTING_NOTES = 8192
"""After so many notes fading counts weigh what they will always weigh."""


class Continuer(nn.Module):
    """Plays on from what it has heard. Rows are int64 [B, n, 4] in cells, as in the weights file's vocabulary.

    All but the core, which a family adds (`continuer_lstm.py`, `continuer_transformer.py`).
    State, batch first: 0 and 1, and from 11 on, the core's own; 2 what the heads start from [B, 4 head]; 3 the last
    pitches and absolute ends, oldest first [B, 2, RING]; 4 now [B, 1]; 5 lengths of the matches that end here, int16
    [B, FINDERS, MEMORY], by how many notes they lie apart, the furthest first; 6 memory int16 [B, 6, MEMORY], oldest
    first: velocity, pitch, bins of duration and onset, onset in cells and how far others may lie from it; 7 what is
    told [B, len(TOLD)], see `tables.py`; 8 fading counts of pitch classes [B, 4, 12]: by the HORIZONS, and by duration
    for the steering; 9 how many notes were heard, and how many of the last
    ones have repeated the answer's figures [B, 2]; 10 the distinct ends to come, absolute [B, RING + ENDS].
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
    four: Tensor
    never: Tensor
    nothing: Tensor
    opening_told: Tensor
    steps: Tensor
    ruts: Tensor
    allowed: Tensor
    fading: Tensor
    pitch_classes: Tensor
    class_of_pitch: Tensor
    class_weights: Tensor

    def __init__(self, net: NoteNet, product: ProductMaker) -> None:
        super().__init__()
        self.hidden, self.head = net.config.hidden, net.config.head
        self.max_cells, self.none = net.vocabulary.max_cells, net.vocabulary.time_bins
        self.cell_s = net.vocabulary.cell_s
        tables = Tables(net)
        for name in ("enter", "onset", "pitch", "duration", "velocity"):
            folded = getattr(tables, name)
            self.register_buffer(f"{name}_rows", folded.rows)
            self.register_buffer(f"{name}_at", folded.starts)
        outputs = []
        # Pointers in the program's order: what followed before what ends, and the last velocity first.
        for logits, pointers, order in zip(
            net.to_logits,
            net.to_pointers,
            ([4, 5, 0, 1, 2, 3], [0, 1], [4, 5, 0, 1, 2, 3], [2, 0, 1]),
            strict=True,
        ):
            assert isinstance(logits, nn.Linear)
            assert isinstance(pointers, nn.Linear)
            weights = torch.cat([logits.weight, pointers.weight[order]])
            outputs.append(product(weights, torch.cat([logits.bias, pointers.bias[order]])))
        self.out_onset, self.out_pitch, self.out_duration, self.out_velocity = outputs
        self._keep_constants(net)

    def _keep_constants(self, net: NoteNet) -> None:
        vocabulary = net.vocabulary
        bins = range(vocabulary.time_bins)
        first_cells = torch.tensor([vocabulary.first_cell_of_bin(index) for index in bins])
        self.register_buffer("cell_bins", net.cell_bins.clone())
        self.register_buffer("first_cells", first_cells)
        self.register_buffer("widths", torch.tensor([vocabulary.width_of_bin(index) for index in bins]))
        self.register_buffer("ramp", torch.arange(MEMORY, dtype=torch.int16))
        self.register_buffer("four", torch.arange(ENDS))
        self.register_buffer("never", torch.full((1, ENDS), NOWHERE))
        nothing = torch.tensor([[[128], [128], [self.none], [self.none], [0], [0]]], dtype=torch.int16)
        self.register_buffer("nothing", nothing)
        self.register_buffer("opening_told", torch.tensor([nothing_told(self.none)]))
        self.register_buffer("steps", onset_steps(self.max_cells))
        self.register_buffer("ruts", rut_weights())
        self.register_buffer("allowed", rut_allowances())
        self.register_buffer("fading", torch.tensor([*HORIZONS, FADE]).unsqueeze(1))
        self.register_buffer("class_of_pitch", torch.arange(128) % 12)
        self.register_buffer("pitch_classes", torch.eye(12).repeat(11, 1)[:128].contiguous())
        plain = torch.ones(len(first_cells), len(HORIZONS))
        self.register_buffer("class_weights", torch.cat([plain, sounding_weight(first_cells).unsqueeze(1)], 1))

    def _recur(self, state: list[Tensor], entering: list[Tensor], now: list[Tensor]) -> None:
        """The core hears notes: what is told [B, told] and the onset [B, 1] in cells of each; sets the heads' start."""
        raise NotImplementedError

    def _opened(self, batch: int) -> list[Tensor]:
        """What the core holds before anything was heard: entries 0, 1 and 2 of the state, then those from 11 on."""
        raise NotImplementedError

    def _with_key(self, hidden: Tensor, state: list[Tensor], heard: int) -> Tensor:  # noqa: ARG002
        """What the pitch head starts from, with what it hears of the harmony of so many notes, if a family listens."""
        return hidden

    def _keep(
        self, state: list[Tensor], at: int, group: Tensor, bins: list[Tensor], gap: Tensor, length: Tensor
    ) -> None:
        """Keep what is told exactly up to date with the note number `at` of this call; changes `state`, which is ours.

        bins: of onset difference, pitch, duration and velocity; those, the class `group`, and onset difference and
        duration in cells are int64 [B, 1].
        """
        onset, pitch, duration, velocity = bins[0], bins[1], bins[2], bins[3]
        now = state[4] + gap
        state[4] = now
        small = torch.cat([velocity, pitch, duration, onset, gap, (gap >> 3) + 2], 1).to(torch.int16)
        past = state[6].narrow(2, at + 1, 2048)
        # The note's own place is still empty, so that nothing matches from no notes apart.
        both = torch.empty_like(state[5])
        same, near = both.unbind(1)
        torch.eq(past.select(1, 1), small.narrow(1, 1, 1), out=same)
        torch.le((past.select(1, 4) - small.narrow(1, 4, 1)).abs_(), past.select(1, 5), out=near)
        near.mul_(same)
        lengths = state[5].clamp(max=254).add_(1).mul_(both)
        state[5] = lengths
        state[6].select(2, 2048 + at).copy_(small)
        # The most recent of the longest matches; where there is none, the empty place that comes after the last note.
        where = torch.add(self.ramp, lengths.clamp(max=15), alpha=2048).argmax(2, keepdim=True)
        match = lengths.gather(2, where).squeeze(2)
        follows = where.transpose(1, 2).expand(gap.size(0), 4, 2)
        told = state[6].narrow(2, at + 2, 2048).narrow(1, 0, 4).gather(2, follows).flatten(1)
        ring = torch.cat([state[3].narrow(2, 1, 11), torch.stack([pitch, now + length], 1)], 2)
        state[3] = ring
        ends, _ = torch.cat([ring.select(1, 1), self.never.expand(gap.size(0), 4)], 1).sort(1)
        ends.narrow(1, 1, 15).masked_fill_(ends.narrow(1, 1, 15) == ends.narrow(1, 0, 15), 1 << 40)
        state[10], _ = ends.sort(1)
        weights = functional.embedding(duration, self.class_weights).transpose(1, 2)
        state[8] = torch.addcmul(state[8] * self.fading, weights, functional.embedding(pitch, self.pitch_classes))
        state[7] = torch.cat([onset, pitch, duration, velocity, told, self._left(state, now), match, group], 1)

    def _left(self, state: list[Tensor], when: Tensor) -> Tensor:
        """Bins of the time from `when` [B, 1] to the next distinct note-offs, int64 [B, ENDS]."""
        ends = state[10]
        coming = torch.searchsorted(ends, when, right=True) + self.four
        return torch.take(self.cell_bins, (ends.gather(1, coming) - when).clamp_(max=self.max_cells + 1))

    def _heads(self, state: list[Tensor]) -> list[Tensor]:
        """What each head starts from, [B, head]."""
        first, second, third, fourth = state[2].chunk(4, 1)
        return [first, second, third, fourth]

    def _raised(self, output: Tensor, bins: int, pointed: Tensor, lift: float) -> Tensor:
        """Logits from a head's output [B, bins + pointers]: what is pointed at is raised by its trust.

        What points at the bin beyond the last points at nothing. `lift` nats are added to the trust of every pointer.
        """
        trust = output.narrow(1, bins, pointed.size(1))
        if lift != 0.0:
            trust = trust + lift
        return output.scatter_add(1, pointed, trust).narrow(1, 0, bins)

    def _held(self, state: list[Tensor], part: int, bins: Tensor) -> Tensor:
        """For each finder the length of its match, plus 256 if what it told of a part came true: int64 [B, FINDERS]."""
        told = state[7]
        return torch.add(told.narrow(1, 16, 2), told.narrow(1, part, 2) == bins, alpha=256)

    def _onset_logits(self, state: list[Tensor], hidden: Tensor) -> Tensor:
        told = state[7].narrow(1, 10, 9)
        inner = table_sums(self.onset_rows, told + self.onset_at).add_(hidden).relu_()
        return self._raised(self.out_onset(inner), self.none, told.narrow(1, 0, 6), 0.0)

    def _pitch_output(
        self, state: list[Tensor], hidden: Tensor, group: Tensor, onset: Tensor, then: Tensor, heard: int
    ) -> Tensor:
        """The pitch head's output, not yet raised; `then` is the onset [B, 1] in absolute cells."""
        pitches, ends = state[3].unbind(1)
        status = torch.add(pitches, (then - ends).clamp_(-1, 3), alpha=128)
        told = state[7].narrow(1, 6, 2)
        index = torch.cat([told, group, onset, self._held(state, 10, onset), status], 1).add_(self.pitch_at)
        inner = table_sums(self.pitch_rows, index).add_(self._with_key(hidden, state, heard)).relu_()
        output: Tensor = self.out_pitch(inner)
        return output

    def _duration_logits(
        self, state: list[Tensor], hidden: Tensor, known: list[Tensor], held: Tensor, then: Tensor
    ) -> Tensor:
        """`known`: class, onset and pitch, [B, 1] each; `held`: whether the told pitches came true."""
        index = torch.cat(known + [held, state[7].narrow(1, 8, 2), self._left(state, then)], 1)  # noqa: RUF005
        inner = table_sums(self.duration_rows, index + self.duration_at).add_(hidden).relu_()
        return self._raised(self.out_duration(inner), self.none, index.narrow(1, 5, 6), 0.0)

    def _velocity_logits(self, state: list[Tensor], hidden: Tensor, known: list[Tensor], held: Tensor) -> Tensor:
        """`known`: class, onset, pitch and duration, [B, 1] each; `held` as above."""
        told = state[7].narrow(1, 3, 3)
        index = torch.cat([told] + known + [held], 1).add_(self.velocity_at)  # noqa: RUF005
        inner = table_sums(self.velocity_rows, index).add_(hidden).relu_()
        return self._raised(self.out_velocity(inner), 128, told, 0.0)

    def _own(self, state: list[Tensor], more: int, group: Tensor) -> list[Tensor]:
        """A list of ours with room for more notes in the memory, which alone is written in place."""
        own = [tensor for tensor in state]  # noqa: C416  # TorchScript knows no list()
        own[6] = torch.cat([own[6], self.nothing.expand(group.size(0), 6, more + 1)], 2)
        own[7] = torch.cat([own[7].narrow(1, 0, 18), group], 1)
        return own

    def _settled(self, own: list[Tensor], more: int, repeating: Tensor) -> list[Tensor]:
        """The state after so many notes more, of which the last ones, [B, 1], have repeated figures."""
        own[6] = own[6].narrow(2, more, 2048)
        own[9] = torch.cat([own[9].narrow(1, 0, 1) + more, repeating], 1)
        return own

    def _checked(self, rows: Tensor) -> Tensor:
        """Rows inside the grid: nothing a caller hands over can index beyond a table."""
        low = torch.tensor([0, 0, 0, 1])
        high = torch.tensor([self.max_cells, 127, self.max_cells, 127])
        return torch.minimum(torch.maximum(rows, low), high)

    def _bins(self, rows: Tensor) -> list[Tensor]:
        """Onset, pitch, duration and velocity of rows as bins, int64 [B, n] each."""
        onset, pitch, duration, velocity = rows.unbind(2)
        return [torch.take(self.cell_bins, onset), pitch, torch.take(self.cell_bins, duration), velocity]

    @torch.jit.export
    def initial_state(self, batch: int) -> list[Tensor]:
        """The state before anything was heard."""
        ring = torch.full((batch, 2, 12), 128, dtype=torch.int64)
        ring[:, 1] = -(1 << 20)
        shared = [
            ring,
            torch.zeros((batch, 1), dtype=torch.int64),
            torch.zeros((batch, 2, 2048), dtype=torch.int16),
            self.nothing.repeat(batch, 1, 2048),
            self.opening_told.repeat(batch, 1),
            torch.zeros(batch, 4, 12),
            torch.zeros((batch, 2), dtype=torch.int64),
            torch.full((batch, 16), 1 << 40, dtype=torch.int64),
        ]
        opened = self._opened(batch)
        return opened[:3] + shared + opened[3:]

    @torch.jit.export
    def feed(self, state: list[Tensor], rows: Tensor, note_class: int) -> list[Tensor]:
        """The state after known notes."""
        batch, notes = rows.size(0), rows.size(1)
        if notes == 0:
            return [tensor for tensor in state]  # noqa: C416  # as above
        group = torch.full((batch, 1), note_class, dtype=torch.int64)
        own = self._own(state, notes, group)
        rows = self._checked(rows)
        bins = self._bins(rows)
        entering: list[Tensor] = []
        nows: list[Tensor] = []
        for index in range(notes):
            note = [part.narrow(1, index, 1) for part in bins]
            self._keep(own, index, group, note, rows[:, index, :1], rows[:, index, 2:3])
            entering.append(own[7])
            nows.append(own[4])
        self._recur(own, entering, nows)
        return self._settled(own, notes, torch.zeros_like(group))

    def _hear(self, own: list[Tensor], at: int, group: Tensor, bins: list[Tensor], gap: Tensor, length: Tensor) -> None:
        """Hear one note; see `_keep`."""
        self._keep(own, at, group, bins, gap, length)
        self._recur(own, [own[7]], [own[4]])

    def _nats(self, logits: list[list[Tensor]], bins: list[Tensor]) -> Tensor:
        """Nats float [B, n, 4] on the reference grid, of bins [B, n] and of logits [B, bins] for each note."""
        if len(logits[0]) == 0:
            return torch.zeros(bins[0].size(0), 0, 4)
        nats: list[Tensor] = []
        for part, chosen in enumerate(bins):
            together = torch.stack(logits[part], 1)
            found = together.logsumexp(2) - together.gather(2, chosen.unsqueeze(2)).squeeze(2)
            if part % 2 == 0:
                found = found + torch.take(self.widths, chosen).log()
            nats.append(found)
        return torch.stack(nats, 2)

    @torch.jit.export
    def score(self, state: list[Tensor], rows: Tensor, note_class: int) -> tuple[Tensor, list[Tensor]]:
        """Nats of every part of known notes on the reference grid, float [B, n, 4], and the state after them."""
        batch, notes = rows.size(0), rows.size(1)
        group = torch.full((batch, 1), note_class, dtype=torch.int64)
        own = self._own(state, notes, group)
        rows = self._checked(rows)
        bins = self._bins(rows)
        heard = int(own[9][0, 0].item())
        kept: list[list[Tensor]] = [[], [], [], []]
        for index in range(notes):
            note = [part.narrow(1, index, 1) for part in bins]
            gap = rows[:, index, :1]
            then = own[4] + gap
            heads = self._heads(own)
            kept[0].append(self._onset_logits(own, heads[0]))
            output = self._pitch_output(own, heads[1], group, note[0], then, heard + index)
            kept[1].append(self._raised(output, 128, own[7].narrow(1, 6, 2), 0.0))
            held = self._held(own, 6, note[1])
            kept[2].append(self._duration_logits(own, heads[2], [group, note[0], note[1]], held, then))
            kept[3].append(self._velocity_logits(own, heads[3], [group, note[0], note[1], note[2]], held))
            self._hear(own, index, group, note, gap, rows[:, index, 2:3])
        return self._nats(kept, bins), self._settled(own, notes, torch.zeros_like(group))

    @torch.jit.export
    def sample(
        self,
        state: list[Tensor],
        uniforms: Tensor,
        first_onset_cells: int,
        note_class: int,
        controls: dict[str, Tensor],
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Play on: rows int64 [B, n, 4], their nats under the unmodified model if wanted, and the state after them.

        uniforms float [B, n, 4] in [0, 1) decide everything. first_onset_cells >= 0 forces the first onset difference.
        Controls, all optional: temperature [4], top_p [4], pitch_bias [128], onset_bias [2] (nats per second, least
        cells), max_duration_cells [1], velocity_bias [128], imitation [1] (nats added to the pitch that followed the
        last time), tones [13] (nats for each pitch class, and following strength, see `tone_pull`), variety [4] (nats
        against a figure that the answer has played before, how many notes were heard when the answer began, how many
        notes running may repeat figures, and nats more against each beyond them), nats [0] (they are wanted; else none,
        [B, 0, 4], are given).
        """
        batch, notes = uniforms.size(0), uniforms.size(1)
        group = torch.full((batch, 1), note_class, dtype=torch.int64)
        own = self._own(state, notes, group)
        heard = int(own[9][0, 0].item())
        wishes = read_wishes(controls, self.first_cells, self.cell_s)
        cells = self._cells(uniforms, wishes).unbind(1)
        draws = below_one(uniforms).unsqueeze(3).unbind(1)
        kept: list[list[Tensor]] = [[], [], [], []]
        drawn: list[list[Tensor]] = [[], [], [], []]
        rows: list[Tensor] = []
        figures: list[Tensor] = []
        if wishes.variety != 0.0:
            figures = self._figures(own, heard, wishes.began, notes)
        for index in range(notes):
            draw, heads = draws[index].unbind(1), self._heads(own)
            onset_cells, duration_cells = cells[index].unbind(1)
            logits = self._onset_logits(own, heads[0])
            kept[0].append(logits)
            if index == 0 and first_onset_cells >= 0:
                gap = torch.full((batch, 1), min(first_onset_cells, self.max_cells), dtype=torch.int64)
                onset = torch.take(self.cell_bins, gap)
            else:
                onset = choose(wished(logits, wishes.onset_bias), wishes.warmth[0], wishes.top_p[0], draw[0])
                gap = onset_cells.gather(1, onset)
            then = own[4] + gap
            output = self._pitch_output(own, heads[1], group, onset, then, heard + index)
            logits = self._raised(output, 128, own[7].narrow(1, 6, 2), wishes.lift)
            kept[1].append(logits if wishes.lift == 0.0 else self._raised(output, 128, own[7].narrow(1, 6, 2), 0.0))
            logits = wished(logits, wishes.pitch_bias)
            if wishes.tones.size(0) > 0:
                heard_of = own[8].select(1, 3)
                logits = logits + tone_pull(wishes.tones, wishes.following, heard_of, self.class_of_pitch)
            if wishes.variety != 0.0:
                logits = logits - self._repeated(own, figures, index, torch.take(self.steps, gap), wishes)
            pitch = choose(logits, wishes.warmth[1], wishes.top_p[1], draw[1])
            held = self._held(own, 6, pitch)
            logits = self._duration_logits(own, heads[2], [group, onset, pitch], held, then)
            kept[2].append(logits)
            duration = choose(wished(logits, wishes.duration_bias), wishes.warmth[2], wishes.top_p[2], draw[2])
            length = duration_cells.gather(1, duration)
            logits = self._velocity_logits(own, heads[3], [group, onset, pitch, duration], held)
            kept[3].append(logits)
            velocity = choose(logits + wishes.velocity_bias, wishes.warmth[3], wishes.top_p[3], draw[3])
            rows.append(torch.cat([gap, pitch, length, velocity], 1))
            bins = [onset, pitch, duration, velocity]
            if wishes.nats:
                for part in range(4):
                    drawn[part].append(bins[part])
            if wishes.variety != 0.0:
                self._played(figures, index, pitch, heard + index - wishes.began)
            self._hear(own, index, group, bins, gap, length)
        own = self._settled(own, notes, figures[7] if len(figures) > 0 else torch.zeros_like(group))
        nats = torch.zeros(batch, 0, 4)
        if notes == 0:
            return torch.zeros((batch, 0, 4), dtype=torch.int64), nats, own
        if wishes.nats:
            nats = self._nats(kept, [torch.cat(part, 1) for part in drawn])
        return torch.stack(rows, 1), nats, own

    def _cells(self, uniforms: Tensor, wishes: Wishes) -> Tensor:
        """For each note the cells that every bin of its onset and duration stand for, int64 [B, n, 2, bins].

        A wide bin is one draw; the low bits of the same uniform say which of its cells; the middle one when cold.
        """
        low = torch.frac(uniforms[:, :, 0:3:2] * 4096.0)
        for part in range(2):
            if wishes.warmth[2 * part] <= 0.001:
                low[:, :, part] = 0.5
        return self.first_cells + (low.unsqueeze(3) * self.widths).to(torch.int64)

    def _figures(self, state: list[Tensor], heard: int, began: int, more: int) -> list[Tensor]:
        """What the answer has played, with room for more notes.

        0 passages and 1 ways of the last notes [B, WINDOW + more], see `repeated_figures`; 2 the last figure [B, 1];
        3 how many of them there are [1]; 4 the passage that ends here, without a step or with the next note's [B, 1];
        5 the last pitch [B, 1]; 6 the next note's step [B, 1]; 7 how many notes have repeated figures running [B, 1]; 8
        how often each pitch would [B, 128].
        """
        passages = torch.full((state[4].size(0), 128 + more), -1, dtype=torch.int64)
        ways, earlier = torch.zeros_like(passages), torch.zeros_like(state[4])
        later = earlier
        if heard > began:
            memory = state[6].narrow(2, 2048 - 131, 131)
            pitches, steps = memory.select(1, 1).to(torch.int64), torch.take(self.steps, memory.select(1, 4).long())
            figures = past_figures(pitches, steps, began + 1 + 131 - heard)
            passages[:, :128] = past_passages(figures, steps)[:, 3:]
            ways[:, :128] = pitches[:, 3:] - pitches[:, 2:-1]
            earlier, later = figures[:, 129:130], figures[:, 130:]
        last = state[7].narrow(1, 1, 1).clamp(max=127)
        repeating, played = state[9].narrow(1, 1, 1), torch.full((1,), max(heard - began, 0), dtype=torch.int16)
        return [passages, ways, later, played, passage(earlier, later), last, earlier, repeating, ways]

    def _repeated(self, state: list[Tensor], figures: list[Tensor], index: int, step: Tensor, wishes: Wishes) -> Tensor:
        """Nats against each pitch that would repeat a figure if it came after this step, float [B, 128]."""
        figures[4], figures[6] = figures[4] + step, step
        passages, ways = figures[0].narrow(1, index, 128), figures[1].narrow(1, index, 128)
        excess, back = (
            torch.minimum(state[5].select(1, 0).narrow(1, 2039, 8), figures[3]).sub_(self.allowed).max(1, True)
        )
        returning = state[3].select(1, 0).gather(1, back + 4).clamp_(max=127)
        weights = torch.take(self.ruts, excess.clamp(0, 12).to(torch.int64))
        times = repeated_figures(passages, ways, figures[4], figures[5], returning, weights)
        figures[8] = times
        longer = (figures[7] - wishes.free).clamp_(0.0, 16.0).mul_(wishes.growth).add_(wishes.variety)
        return times.log1p().mul_(longer)

    def _played(self, figures: list[Tensor], index: int, pitch: Tensor, number: int) -> None:
        """The answer's note number `number`, from 0 on, has been played."""
        way = pitch - figures[5]
        figure = figure_of(way, figures[6]) if number > 0 else torch.zeros_like(way)
        if number > 2:
            figures[0].narrow(1, index + 128, 1).copy_(figures[4])
            figures[1].narrow(1, index + 128, 1).copy_(way)
        figures[3] = torch.clamp(figures[3], max=254).add_(1)
        figures[4], figures[2], figures[5] = passage(figures[2], figure), figure, pitch
        figures[7] = (figures[7] + 1) * (figures[8].gather(1, pitch) > 0.0)

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


assert (RING, ENDS, FINDERS, MEMORY, WINDOW, len(TOLD)) == (12, 4, 2, 2048, 128, 19), "literals, for TorchScript"
assert (NOWHERE, LONG_AGO) == (1 << 40, -(1 << 20)), "literals, for TorchScript"
