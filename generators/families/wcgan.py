"""A conditional Wasserstein generative adversarial network of compositions, with an unrolled critic.

The generator makes presence and amounts from a latent vector and the conditions; the critic scores a
composition together with the conditions. Both hide conditions alike, so any subset may be asked for.

What the critic sees is what is emitted: presence of exactly 0 or 1 and fractions on the grid, decoded as in
sampling. Gradients pass through by relaxations used only backwards: a presence gate is open where its logit
plus logistic noise is positive and has the slope of a sigmoid at a temperature; a grid fraction has the slopes of
the amounts it was rounded from. Emissions outside the space are shown to the critic too, which has never seen
a real one there; sampling draws them again.

The game is ``min_G max_C V``, ``V = E C(x, c) - E C(G(z, c), c)``. The generator may look ahead: it descends V
after the critic's next ``unroll`` steps, differentiating through them. The critic is held near Lipschitz
functions by clipped weights or by a penalty on its gradient. Epochs are judged by the energy score of what is
emitted under held-out rows' conditions, a proper score that needs no critic.

References:
    Arjovsky, M., Chintala, S. & Bottou, L. (2017). Wasserstein GAN. ICML. Algorithm 1.
    Gulrajani, I. et al. (2017). Improved Training of Wasserstein GANs. NeurIPS. Equation 3.
    Metz, L., Poole, B., Pfau, D. & Sohl-Dickstein, J. (2017). Unrolled Generative Adversarial Networks. ICLR
        (arXiv 2016). Equations 6 to 8 and 10.
    Debnath, A. et al. (2021). Generative deep learning as a tool for inverse design of high-entropy
        refractory alloys: this family with 16 latent dimensions.
    Tung, C.-H. et al. (2022). Evaluating generative models for the inverse design of refractory
        high-entropy alloys, section 3.5.
    Jang, E., Gu, S. & Poole, B. (2017). Categorical Reparameterization with Gumbel-Softmax. ICLR. Section 2.2:
        straight-through gates.
    Gneiting, T. & Raftery, A. E. (2007). Strictly Proper Scoring Rules, Prediction, and Estimation. J. Am. Stat.
        Assoc. 102, 359. Equation 21: the energy score.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, Family, TrainingSettings, number, word


@dataclass(frozen=True, slots=True, kw_only=True)
class WcganSettings(TrainingSettings):
    """Settings of the conditional Wasserstein network; ``learning_rate`` is the generator's.

    Attributes:
        latent: dimensions of the latent vector (16 in Debnath et al. 2021).
        hidden: width of the two hidden layers of generator and critic.
        unroll: steps of the critic that the generator looks ahead (Metz et al. 2016); 0 is the plain network.
        unroll_rate: step size of those, plain gradient ascent.
        critic_steps: steps of the critic for each of the generator.
        critic_rate: the critic's learning rate.
        penalty: ``gradient`` (Gulrajani et al. 2017) or ``clip`` (Arjovsky et al. 2017).
        penalty_weight: of the gradient penalty.
        clip: largest size of a critic's weight where weights are clipped.
        temperature: of the presence gates' slopes.
        gate_noise: of sampling: factor of the logistic noise on the logits, 1 as in training. With less of it samples
            are likelier, and repeat.
        keep: ``best``, the epoch of the least energy score, or ``last``: of formulas the score says little.
    """

    epochs: int = number(800, 1, 1_000_000)
    patience: int = number(300, 1, 1_000_000)
    batch_size: int = number(256, 1, 1_000_000)
    learning_rate: float = number(5e-3, 1e-09, 1.0)
    weight_decay: float = number(0.0, 0.0, 10.0)
    average: float = number(0.98, 0.0, 0.99999)
    latent: int = number(16, 1, 1024)
    hidden: int = number(64, 1, 8192)
    unroll: int = number(2, 0, 100)
    unroll_rate: float = number(0.01, 0.0, 10.0)
    critic_steps: int = number(2, 1, 100)
    critic_rate: float = number(1e-2, 1e-09, 1.0)
    penalty: str = word("gradient", "clip")
    penalty_weight: float = number(1.0, 0.0, 1000.0)
    clip: float = number(0.2, 1e-06, 100.0)
    temperature: float = number(0.5, 0.001, 100.0)
    gate_noise: float = number(1.0, 0.0, 10.0)
    keep: str = word("best", "last")


FAMILY = Family(
    name="wcgan",
    settings=WcganSettings,
    generator="ConditionalWassersteinGAN",
    paper="Debnath et al. 2021; Tung et al. 2022; Arjovsky, Chintala & Bottou 2017; Metz et al. 2016",
    many_rows={**MANY_ROWS_SETTINGS, "epochs": 500},
    formulas={
        "epochs": 170,
        "copies": 0,
        "validation_share": 0.02,
        "unroll": 0,
        "latent": 128,
        "hidden": 128,
        "learning_rate": 1e-3,
        "critic_rate": 3e-3,
        "critic_steps": 1,
        "temperature": 0.7,
        "average": 0.995,
        "keep": "last",
    },
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from generators.training.codec import Codec, EncodedRows
from generators.training.fitting import Update, descend
from generators.training.layers import WideOutput, linear, mlp, normal
from generators.training.neural import CLIP, NeuralGenerator

RATIO = 4.0
"""Largest log-ratio before centring, entered smoothly."""

EMISSIONS = 4
"""Emissions for each row when an epoch is judged."""

Weights = dict[str, Tensor]


class WcganNetwork(nn.Module):
    """Generator and critic, for columns of presence and amounts and ``p`` conditions."""

    def __init__(self, codec: Codec, settings: WcganSettings, rng: torch.Generator) -> None:
        super().__init__()
        hidden, p = settings.hidden, len(codec.properties)
        self.latent, self.widths = settings.latent, codec.widths
        self.generator = mlp((settings.latent + 2 * p, hidden, hidden, sum(codec.widths)), rng)
        # a constant added to every score would cancel in the game: no bias at the end
        last = linear(hidden, 1, rng, bias=False)
        self.critic = WideOutput(mlp((codec.seen_width + 2 * p, hidden, hidden), rng), nn.SiLU(), last)

    def proposal(
        self, values: Tensor, known: Tensor, rng: torch.Generator, noise: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Logits of presence, logistic noise times a factor included, and amounts, shapes as `Codec.widths` says."""
        z = normal((len(values), self.latent), rng, values.device)
        logits, amounts = self.generator(torch.cat((z, values, known), dim=1)).split(self.widths, dim=1)
        chance = torch.rand(logits.shape, generator=rng, dtype=torch.float32).clamp(1e-6, 1 - 1e-6)
        return logits + noise * torch.logit(chance).to(values.device), RATIO * torch.tanh(amounts / RATIO)


class ConditionalWassersteinGAN(NeuralGenerator[WcganSettings, WcganNetwork]):
    """The family ``wcgan``: see the module's text."""

    family = FAMILY
    one_hot = True
    spherical = False

    def build(self, rng: torch.Generator) -> WcganNetwork:
        """The network with weights from ``rng``."""
        return WcganNetwork(self.codec, self.settings, rng)

    def draw(self, network: WcganNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """One emission of the generator."""
        logits, amounts = network.proposal(values, known, rng, self.settings.gate_noise)
        return self.codec.chances(logits), amounts

    def draw_latents(self, network: WcganNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Latents from the prior."""
        return normal((len(values), network.latent), rng, values.device)

    def decode_latents(
        self, network: WcganNetwork, latents: Tensor, values: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The emission without noise on the gates."""
        logits, amounts = network.generator(torch.cat((latents, values, known), dim=1)).split(network.widths, dim=1)
        return self.codec.chances(logits), RATIO * torch.tanh(amounts / RATIO)

    # -- what the critic sees ----------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """Columns of a composition in what the critic sees; those behind them are conditions."""
        return self.codec.seen_width

    def real(self, batch: EncodedRows) -> Tensor:
        """Rows as the critic sees them: presence, scaled fractions and conditions, ``(n, seen_width + 2 p)``."""
        return torch.cat((self.codec.seen(batch.presence, batch.amounts), batch.values, batch.known), dim=1)

    def emitted(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator) -> Tensor:
        """The generator's rows under a batch's conditions as the critic sees them, shape as of `real`."""
        logits, amounts = network.proposal(batch.values, batch.known, rng)
        row = self.codec.emitted(logits, amounts, self.settings.temperature)
        return torch.cat((row, batch.values, batch.known), dim=1)

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch is kept, however it is judged."""
        return self.settings.keep == "last"

    # -- the game ----------------------------------------------------------------------------------

    def loss(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """The value of the game, which the critic raises and the generator lowers; Arjovsky et al., equation 2."""
        critic = network.critic
        scores = cast(Tensor, critic(torch.cat((self.real(batch), self.emitted(network, batch, rng)))))
        n = len(batch.presence)
        return scores[:n].mean() - scores[n:].mean()

    def unrolled(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """The value of the game after ``unroll`` further steps of the critic; Metz et al., equations 7 and 10.

        The gradient goes through those steps. With ``unroll`` 0 this is `loss`.
        """
        s, critic = self.settings, network.critic
        if not s.unroll:
            return self.loss(network, batch, rng, progress)
        real, fake = self.real(batch), self.emitted(network, batch, rng)
        weights: Weights = dict(critic.named_parameters())
        for _ in range(s.unroll):
            gain = _value(critic, weights, real, fake) - self.penalty(critic, weights, real, fake, rng)
            slopes = torch.autograd.grad(gain, list(weights.values()), create_graph=True)
            pairs = zip(weights.items(), slopes, strict=True)
            weights = {name: weight + s.unroll_rate * slope for (name, weight), slope in pairs}
            if s.penalty == "clip":
                weights = {name: weight.clamp(-s.clip, s.clip) for name, weight in weights.items()}
        return _value(critic, weights, real, fake)

    def penalty(self, critic: nn.Module, weights: Weights, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        """Gradient penalty between real and emitted compositions, Gulrajani et al., equation 3; or 0."""
        s = self.settings
        if s.penalty != "gradient" or not s.penalty_weight:
            return real.new_zeros(())
        share = torch.rand((len(real), 1), generator=rng, dtype=torch.float32).to(real.device)
        between = share * real + (1 - share) * fake
        if not between.requires_grad:
            between = between.requires_grad_()
        score = functional_call(critic, weights, (between,))
        slope = torch.autograd.grad(score.sum(), between, create_graph=True)[0]
        norm = (slope[:, : self.columns].square().sum(dim=1) + 1e-12).sqrt()
        return s.penalty_weight * (norm - 1).square().mean()

    def updater(self, network: WcganNetwork) -> Update:
        """Turns of the critic, then one of the generator."""
        s, net = self.settings, network
        makers, judges = list(net.generator.parameters()), list(net.critic.parameters())
        maker = torch.optim.AdamW(makers, s.learning_rate, (0.5, 0.9), weight_decay=s.weight_decay, fused=True)
        judge = torch.optim.AdamW(judges, s.critic_rate, (0.5, 0.9), weight_decay=s.weight_decay, fused=True)

        def update(batch: EncodedRows, rng: torch.Generator, progress: float) -> float:
            net.generator.requires_grad_(False)
            values = [self._criticise(net, judge, judges, batch, rng, progress) for _ in range(s.critic_steps)]
            net.generator.requires_grad_(True)
            if not all(math.isfinite(value) for value in values):
                return math.nan
            ahead = self.unrolled(net, batch, rng, progress)
            good = math.isfinite(float(ahead.detach())) and descend(maker, ahead, makers, CLIP)
            return sum(values) / len(values) if good else math.nan

        return update

    def _criticise(
        self,
        net: WcganNetwork,
        optimizer: torch.optim.Optimizer,
        parameters: list[nn.Parameter],
        batch: EncodedRows,
        rng: torch.Generator,
        progress: float,
    ) -> float:
        """One step of the critic; the value of the game before it, NaN where the step failed."""
        s = self.settings
        value = self.loss(net, batch, rng, progress)
        real = self.real(batch)
        fake = self.emitted(net, batch, rng).detach() if s.penalty == "gradient" else real
        loss = self.penalty(net.critic, dict(net.critic.named_parameters()), real, fake, rng) - value
        if not (math.isfinite(float(loss.detach())) and descend(optimizer, loss, parameters, CLIP)):
            return math.nan
        if s.penalty == "clip":
            with torch.no_grad():
                for parameter in parameters:
                    parameter.clamp_(-s.clip, s.clip)
        return float(value.detach())

    def judge(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator) -> Tensor:
        """Mean energy score of emissions under each row's conditions; least, on average, for the rows' own law."""
        emissions = torch.stack([self.emitted(network, batch, rng) for _ in range(EMISSIONS)])
        return energy_score(self.real(batch), emissions)


def _value(critic: nn.Module, weights: Weights, real: Tensor, fake: Tensor) -> Tensor:
    scores = cast(Tensor, functional_call(critic, weights, (torch.cat((real, fake)),)))
    return scores[: len(real)].mean() - scores[len(real) :].mean()


def energy_score(rows: Tensor, drawn: Tensor) -> Tensor:
    """Mean energy score of draws for rows, a scalar, the smaller the better; Gneiting & Raftery, equation 21.

    Args:
        rows: what was observed, shape ``(n, k)``.
        drawn: what was drawn for each, shape ``(s, n, k)``, ``s`` at least 2.
    """
    count = len(drawn)
    miss = (drawn - rows).norm(dim=2).mean()
    spread = (drawn[:, None] - drawn[None]).norm(dim=3).sum() / (count * (count - 1) * drawn.shape[1])
    return cast(Tensor, miss - spread / 2)
