"""BoTorch as in its tutorials: a `SingleTaskGP` on atomic fractions, qLogEI, one pick after the other."""

from __future__ import annotations

import numpy as np
import torch
from botorch import fit_gpytorch_mll
from botorch.acquisition.logei import qLogExpectedImprovement
from botorch.models import SingleTaskGP
from botorch.models.transforms.input import Normalize
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf_discrete
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood

import surrogates  # noqa: F401  (what BoTorch needs before it is imported)
from alloys.space import Floats

SAMPLES = 128


def choose(seen: Floats, answers: Floats, candidates: Floats, q: int, seed: int) -> list[int]:
    """Rows of the candidates, as in `benchmarks.mpea_campaign.methods`."""
    torch.manual_seed(seed)
    x, y, choices = torch.tensor(seen), torch.tensor(answers)[:, None], torch.tensor(candidates)
    bounds = torch.stack([torch.zeros(x.shape[1]), torch.cat([x, choices]).max(dim=0).values]).double()
    scaled = Normalize(d=x.shape[1], bounds=bounds)
    model = SingleTaskGP(x, y, input_transform=scaled, outcome_transform=Standardize(m=1))
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    sampler = SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=seed)
    acquisition = qLogExpectedImprovement(model, best_f=y.max(), sampler=sampler)
    found, _ = optimize_acqf_discrete(acquisition, q, choices, max_batch_size=256, return_acq_values=False)
    return [int(np.flatnonzero((candidates == row.numpy()).all(axis=1))[0]) for row in found]
