"""Bradley-Terry with ties: the strengths of settings, from which of two was liked better.

A vote on settings i (left) and j (right) is an ordered outcome, loss < tie < win of i:

    P(outcome <= k) = logistic(threshold_k - (strength_i - strength_j)).

Two free thresholds hold the share of ties and what a rater favours a side by (Agresti 1992, "Analysis
of ordinal paired comparison data"; with equal thresholds it is Rao & Kupper 1967). statsmodels fits
it; this module adds weights and exact derivatives, which make it much faster with many settings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from statsmodels.miscmodels.ordinal_model import OrderedModel

from .counted_votes import LOSS, TIE, WIN
from .margins import Floats  # noqa: TC001

# In votes: each setting also won and lost so much against an average one, and as much was tied. It
# keeps the strength of a setting that won or lost everything finite.
PRIOR = 0.25
LEVELS = (LOSS, TIE, WIN)
STEP = 1e-5  # of a numeric derivative


@dataclass(frozen=True, eq=False)
class Strengths:
    """Strengths of n settings in log odds, of which the mean is 0.

    covariance: (n, n), if votes are independent. influence: (votes, n), what each vote moved the
    strengths by. threshold: half the distance between the two thresholds. left: log odds that the
    left side is favoured by.
    """

    strength: Floats
    covariance: Floats
    influence: Floats
    threshold: float
    left: float


def fit(settings: int, left: np.ndarray, right: np.ndarray, outcome: np.ndarray) -> Strengths:
    """The strengths of so many settings, from n votes.

    left, right: which setting stood on each side, (n,). outcome: of the left one, (n,).
    """
    sides = np.zeros((len(outcome), settings))
    rows = np.arange(len(outcome))
    sides[rows, left] += 1
    sides[rows, right] -= 1
    alone = np.eye(settings)
    model = _WeightedOrderedModel(
        np.concatenate([outcome, np.full(settings, WIN), np.full(settings, LOSS), LEVELS]),
        np.concatenate([sides, alone, alone, np.zeros((len(LEVELS), settings))]),
        distr="logit",
    )
    model.weights = np.full(len(model.endog), PRIOR)
    model.weights[: len(outcome)] = 1.0
    parameters = np.asarray(model.fit(method="newton", disp=0).params)
    covariance = np.linalg.inv(-model.hessian(parameters))
    centred = np.eye(settings, settings + len(LEVELS) - 1)
    centred[:, :settings] -= 1 / settings
    low, high = model.transform_threshold_params(parameters)[1:3]
    scores = model.score_obs(parameters)[: len(outcome)]
    return Strengths(
        strength=centred @ parameters,
        covariance=centred @ covariance @ centred.T,
        influence=scores @ covariance @ centred.T,
        threshold=float(high - low) / 2,
        left=-float(high + low) / 2,
    )


class _WeightedOrderedModel(OrderedModel):
    """OrderedModel with a weight for each observation, and derivatives that are not numeric.

    Its parameters are the strengths, the lower threshold, and the log of how far the upper one is
    above it.
    """

    weights: Floats

    def loglikeobs(self, params: Floats) -> Floats:
        return self.weights * super().loglikeobs(params)

    def score_obs(self, params: Floats, **_: object) -> Floats:
        low, high = self._bounds(params)
        weight = self.weights / np.maximum(self.prob(low, high), 1e-20)
        at_low, at_high = weight * self.pdf(low), weight * self.pdf(high)
        by_sum = at_low - at_high
        by_upper = np.where(self.endog == TIE, at_high, 0) - np.where(self.endog == WIN, at_low, 0)
        by_log_distance = by_upper * np.exp(params[-1])
        return np.column_stack([by_sum[:, None] * self.exog, -by_sum, by_log_distance])

    def score(self, params: Floats) -> Floats:
        return self.score_obs(params).sum(axis=0)

    def hessian(self, params: Floats) -> Floats:
        low, high = self._bounds(params)
        # of log(F(high) - F(low)) for a logistic F, by the difference of strengths
        curvature = self.weights * (self.pdf(low) + self.pdf(high))
        strengths = self.exog.shape[1]
        hessian = np.empty((len(params), len(params)))
        hessian[:strengths, :strengths] = -(self.exog.T * curvature) @ self.exog
        for threshold in range(strengths, len(params)):
            slopes = self._slopes(params, threshold)
            hessian[threshold, :] = slopes
            hessian[:, threshold] = slopes
        return hessian

    def _slopes(self, params: Floats, threshold: int) -> Floats:
        """The derivative of the score by one of the thresholds."""
        step = np.zeros_like(params)
        step[threshold] = STEP
        return (self.score(params + step) - self.score(params - step)) / (2 * STEP)
