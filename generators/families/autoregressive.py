"""A conditional autoregressive density of compositions: one element after another, each with its amount.

A composition is a sequence of tokens, the present columns in a fixed order (of formulas by electronegativity, cations
first), each with a level of its amount, and an end. The network reads the sum of the embeddings of the tokens so far
and the conditions, and says which column comes next and then at which level. So the likelihood is exact, training
maximises it, and a draw is one pass over a few tokens. Of formulas, levels are the numbers of atoms; otherwise
amounts are cut at quantiles of the training rows, and a draw is even within its level.

Formulas that break the space's rules, or repeat another of the same call, can be drawn again (``redraws``): what is
left is the density restricted to the space, without replacement.

References:
    Bengio, Y. & Bengio, S. (2000). Modeling High-Dimensional Discrete Data with Multi-Layer Neural Networks. NeurIPS:
        the product of conditionals, each by a network that sees what came before.
    Zaheer, M. et al. (2017). Deep Sets. NeurIPS. Theorem 2: a set is read by the sum of its embeddings.
    Srivastava, N. et al. (2014). Dropout. J. Mach. Learn. Res. 15, 1929.
    Fu, N. et al. (2023). Material transformers: deep learning language models for generative materials design. Mach.
        Learn. Sci. Technol. 4, 015001: formulas as sequences of elements.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, Family, TrainingSettings, number


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoregressiveSettings(TrainingSettings):
    """Settings of the autoregressive density.

    Attributes:
        hidden: width of the hidden layers.
        embedding: dimensions in which tokens are embedded.
        levels: into how many levels continuous amounts are cut.
        dropout: share of the hidden units left out in a step of training.
        temperature: of sampling: logits are divided by it; 1 is the model's own distribution.
        redraws: how often a draw outside the space, or one that repeats an earlier one of the same call, is made anew;
            with 0 repetitions stay.
    """

    epochs: int = number(200, 1, 1_000_000)
    patience: int = number(40, 1, 1_000_000)
    learning_rate: float = number(5e-3, 1e-9, 1.0)
    weight_decay: float = number(0.01, 0.0, 10.0)
    average: float = number(0.98, 0.0, 0.99999)
    hidden: int = number(64, 1, 8192)
    embedding: int = number(32, 1, 8192)
    levels: int = number(16, 2, 4096)
    dropout: float = number(0.0, 0.0, 0.95)
    temperature: float = number(0.7, 0.001, 10.0)
    redraws: int = number(0, 0, 1000)


FAMILY = Family(
    name="autoregressive",
    settings=AutoregressiveSettings,
    generator="AutoregressiveDensity",
    paper="Bengio & Bengio 2000; Zaheer et al. 2017",
    many_rows={**MANY_ROWS_SETTINGS, "dropout": 0.1},
    formulas={
        "copies": 0,
        "epochs": 100,
        "patience": 8,
        "batch_size": 256,
        "learning_rate": 6e-3,
        "weight_decay": 0.1,
        "validation_share": 0.05,
        "average": 0.995,
        "hidden": 128,
        "embedding": 16,
        "dropout": 0.5,
        "redraws": 20,
    },
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from generators.training.codec import Codec, EncodedRows
from generators.training.codec.sequences import sequence_of
from generators.training.layers import WideOutput, linear, normal
from generators.training.neural import NeuralGenerator


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sequences of tokens, each ended by the end.

    Attributes:
        columns: places in the sequence's order, the end where there is no token, shape ``(n, k)``.
        levels: of the amounts, 0 where there is none, shape ``(n, k)``.
        counted: 1 where a token has an amount, shape ``(n, k)``.
        live: 1 for the tokens and the first end, shape ``(n, k)``.
    """

    columns: Tensor
    levels: Tensor
    counted: Tensor
    live: Tensor


class AutoregressiveNetwork(nn.Module):
    """What comes next, for sequences of the columns of a codec.

    Attributes:
        places: columns of presence in the sequence's order, and one beyond them for the end, shape ``(end + 1,)``.
        always: columns of presence that are always there.
        edges: between levels, shape ``(levels - 1,)``.
        middles: amounts of the levels, shape ``(levels,)``.
        spans: how far the amounts of a level reach, shape ``(levels,)``.
    """

    places: Tensor
    always: Tensor
    edges: Tensor
    middles: Tensor
    spans: Tensor

    def __init__(self, codec: Codec, settings: AutoregressiveSettings, rng: torch.Generator) -> None:
        super().__init__()
        self.sequence, self.widths = sequence_of(codec), codec.widths
        self.end, self.dropout = len(self.sequence.order), settings.dropout
        fixed, hidden, size = self.sequence.levels, settings.hidden, settings.embedding
        count = settings.levels if fixed is None else len(fixed)
        self.columns = linear(self.end + 1, size, rng, bias=False)
        self.slopes = linear(self.end + 1, size, rng, bias=False)
        self.enter = linear(size + 1 + 2 * len(codec.properties), hidden, rng)
        self.deeper = nn.ModuleList(linear(hidden, hidden, rng) for _ in range(2))
        self.next = WideOutput(linear(hidden, self.end + 1, rng))
        self.amount = linear(hidden, hidden, rng)
        self.amount_of = linear(self.end + 1, hidden, rng, bias=False)
        self.level = WideOutput(linear(hidden, count, rng))
        middles = torch.linspace(-2.0, 2.0, count) if fixed is None else torch.tensor(fixed, dtype=torch.float32)
        rest = [column for column in range(self.widths[0]) if column not in self.sequence.order]
        self.register_buffer("places", torch.tensor([*self.sequence.order, self.widths[0]]), persistent=False)
        self.register_buffer("always", torch.tensor(rest, dtype=torch.int64), persistent=False)
        self.register_buffer("middles", middles)
        self.register_buffer("edges", (middles[1:] + middles[:-1]) / 2)
        self.register_buffer("spans", torch.full((count,), 4.0 / count if fixed is None else 0.0))

    def cut(self, amounts: Tensor) -> None:
        """Cuts continuous amounts, shape ``(n,)``, at their quantiles."""
        if self.sequence.levels is not None or not len(amounts):
            return
        count = len(self.middles)
        points = torch.from_numpy(np.quantile(amounts.numpy(), np.linspace(0, 1, 2 * count + 1))).to(torch.float32)
        self.edges.copy_(points[2:-1:2])
        self.middles.copy_(points[1::2])
        self.spans.copy_(points[2::2] - points[:-1:2])

    def tokens(self, batch: EncodedRows) -> Tokens:
        """The sequences of rows."""
        present = batch.presence[:, self.places[:-1]] > 0
        count = present.sum(dim=1, keepdim=True)
        k = int(count.max()) + 1
        present = functional.pad(present, (0, 1))
        columns = present.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :k]
        step = torch.arange(k, device=columns.device)
        columns = torch.where(step < count, columns, self.end)
        counted = self.counted(columns)
        at = self.places[columns].clamp(max=self.widths[1] - 1)
        levels = torch.bucketize(batch.amounts.gather(1, at), self.edges) * counted
        return Tokens(columns, levels, counted.to(torch.float32), (step <= count).to(torch.float32))

    def counted(self, columns: Tensor) -> Tensor:
        """Which tokens have amounts: neither indicators of categories nor the end."""
        return self.places[columns] < self.widths[1]

    def embedded(self, columns: Tensor, levels: Tensor, counted: Tensor) -> Tensor:
        """Embeddings of tokens, shape ``(..., embedding)``: a column's own, and one in proportion to its amount."""
        amounts = self.middles[levels] * counted
        return self.columns.weight.T[columns] + amounts[..., None] * self.slopes.weight.T[columns]

    def state(self, read: Tensor, steps: Tensor, values: Tensor, known: Tensor, rng: torch.Generator | None) -> Tensor:
        """What is known after some tokens, shape ``(..., hidden)``.

        Args:
            read: sum of their embeddings, shape ``(..., embedding)``.
            steps: their number, shape ``(..., 1)``.
            values: standardised conditions, shape ``(..., p)``.
            known: which of them are known, shape ``(..., p)``.
            rng: chooses the units left out; None leaves out none.
        """
        x = self.enter(torch.cat((read, steps, values, known), dim=-1))
        for layer in self.deeper:
            x = x + layer(self._thinned(functional.silu(x), rng))
        return self._thinned(functional.silu(x), rng)

    def _thinned(self, x: Tensor, rng: torch.Generator | None) -> Tensor:
        if rng is None or not self.dropout:
            return x
        kept = torch.rand(x.shape, generator=rng, dtype=torch.float32) >= self.dropout
        return x * kept.to(x) / (1 - self.dropout)

    def next_columns(self, state: Tensor, last: Tensor, step: Tensor) -> Tensor:
        """Logits of the columns after ``last`` (-1 for none) and of the end, which is not the first token."""
        places = torch.arange(self.end + 1, device=state.device)
        early = (places <= last[..., None]) & (places < self.end)
        early = early | ((places == self.end) & (step == 0)[..., None])
        return torch.where(early, -torch.inf, self.next(state))

    def next_levels(self, state: Tensor, columns: Tensor) -> Tensor:
        """Logits of the levels of columns."""
        levels: Tensor = self.level(functional.silu(self.amount(state) + self.amount_of.weight.T[columns]))
        return levels


class AutoregressiveDensity(NeuralGenerator[AutoregressiveSettings, AutoregressiveNetwork]):
    """The family ``autoregressive``: see the module's text."""

    family = FAMILY
    spherical = True

    def build(self, rng: torch.Generator) -> AutoregressiveNetwork:
        """The network with weights from ``rng``."""
        return AutoregressiveNetwork(self.codec, self.settings, rng)

    def prepare(self, network: AutoregressiveNetwork, pool: EncodedRows) -> None:
        """Cuts the amounts of the training rows."""
        network.cut(pool.amounts[pool.counted > 0])

    def loss(self, network: AutoregressiveNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Negative log likelihood of columns and levels in nats per row, the mean."""
        tokens = network.tokens(batch)
        (n, k), device = tokens.columns.shape, tokens.columns.device
        embedded = network.embedded(tokens.columns, tokens.levels, tokens.counted)
        read = functional.pad(embedded[:, :-1].cumsum(dim=1), (0, 0, 1, 0))
        steps = torch.arange(k, device=device).expand(n, k)
        values, known = (part[:, None].expand(-1, k, -1) for part in (batch.values, batch.known))
        thinning = rng if network.training else None
        state = network.state(read, steps[..., None].to(read), values, known, thinning)
        last = functional.pad(tokens.columns[:, :-1], (1, 0), value=-1)
        logits = network.next_columns(state, torch.where(last == network.end, -1, last), steps)
        which = functional.cross_entropy(logits.transpose(1, 2), tokens.columns, reduction="none")
        levels = network.next_levels(state, tokens.columns).transpose(1, 2)
        how_much = functional.cross_entropy(levels, tokens.levels, reduction="none")
        return ((which + how_much * tokens.counted) * tokens.live).sum(dim=1).mean()

    # -- sampling ----------------------------------------------------------------------------------

    def draw(
        self, network: AutoregressiveNetwork, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """One token after another; what is not wanted is drawn again."""
        latents = self.draw_latents(network, values, known, rng)
        presence, amounts = self.decode_latents(network, latents, values, known)
        for _ in range(self.settings.redraws):
            rows = torch.from_numpy(self._unwanted(presence, amounts)).to(values.device)
            if not len(rows):
                break
            latents = self.draw_latents(network, values[rows], known[rows], rng)
            presence[rows], amounts[rows] = self.decode_latents(network, latents, values[rows], known[rows])
        return presence, amounts

    def _unwanted(self, presence: Tensor, amounts: Tensor) -> NDArray[np.int64]:
        """Rows outside the space, and those that repeat an earlier one."""
        points = self.codec.decode(presence, amounts)
        unwanted = ~self.space.contains(points)
        repeated = np.ones(len(points), dtype=np.bool_)
        repeated[np.unique(points, axis=0, return_index=True)[1]] = False
        return np.flatnonzero(unwanted | repeated)

    def draw_latents(
        self, network: AutoregressiveNetwork, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Two standard normal numbers for each token: what chooses its column, and its level."""
        return normal((len(values), 2 * network.sequence.most), rng, values.device)

    def decode_latents(
        self, network: AutoregressiveNetwork, latents: Tensor, values: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens where the latents' shares of a normal lie among the summed chances."""
        n, device = len(values), values.device
        which, how_much = torch.special.ndtr(latents).T.split(network.sequence.most)
        presence = torch.zeros((n, network.widths[0] + 1), device=device)
        presence[:, network.always] = 1.0
        amounts = torch.zeros_like(presence)
        read = torch.zeros((n, network.columns.out_features), device=device)
        last, rows = torch.full((n,), -1, device=device), torch.arange(n, device=device)
        for step in range(network.sequence.most):
            steps = torch.full((n, 1), step, device=device)
            state = network.state(read, steps.to(read), values, known, None)
            columns = self._chosen(network.next_columns(state, last, steps[:, 0]), which[step])[0]
            columns = torch.where(last == network.end, network.end, columns)
            levels, within = self._chosen(network.next_levels(state, columns), how_much[step])
            counted, at = network.counted(columns), network.places[columns]
            presence[rows, at] = 1.0
            amounts[rows, at] = (network.middles[levels] + (within - 0.5) * network.spans[levels]) * counted
            embedded = network.embedded(columns, levels, counted.to(read))
            read = read + embedded * (columns < network.end)[:, None]
            last = columns
        return presence[:, :-1], amounts[:, : network.widths[1]]

    def _chosen(self, logits: Tensor, chance: Tensor) -> tuple[Tensor, Tensor]:
        """Which of the options, ``(n, k)``, a number between 0 and 1, ``(n,)``, falls to, and where within it."""
        odds = (logits / self.settings.temperature).softmax(dim=1)
        summed = odds.cumsum(dim=1)
        at = chance[:, None] * summed[:, -1:]
        chosen = (summed <= at).sum(dim=1, keepdim=True)
        likely = odds.argmax(dim=1, keepdim=True)  # where rounding leaves nothing to fall to
        chosen = torch.where(chosen < odds.shape[1], chosen, likely)
        chosen = torch.where(odds.gather(1, chosen) > 0, chosen, likely)
        share = odds.gather(1, chosen)
        within = (at - summed.gather(1, chosen) + share) / share
        return chosen[:, 0], within[:, 0].clamp(0.0, 1.0)
