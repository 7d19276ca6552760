"""Whether what a whole file shows can be chance: a one-sided binomial test on counts."""

from math import exp, lgamma, log

CHANCE = 1e-4
"""Below it a finding is not taken for chance: of 10,000 right files about one is questioned."""
_NEGLIGIBLE = 1e-12


def tail(count: int, total: int, share: float) -> float:
    """Return how probable ``count`` or more cases among ``total`` are, each of probability ``share``.

    Up to the expected number the answer is 1: nothing about it is improbable.
    """
    if count <= total * share:
        return 1.0
    odds = share / (1 - share)
    term = exp(
        lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)
        + count * log(share) + (total - count) * log(1 - share)
    )  # fmt: skip
    summed = 0.0
    for cases in range(count, total + 1):
        summed += term
        term *= (total - cases) / (cases + 1) * odds
        if term < summed * _NEGLIGIBLE:
            break
    return min(summed, 1.0)


def improbable(count: int, total: int, share: float, limit: float = CHANCE) -> bool:
    """Return whether so many cases are more than chance gives.

    Args:
        count: the cases seen.
        total: the rows or values they were seen among.
        share: how common a case is in a right file, taken rather too high.
        limit: the probability below which it is not chance. It is also what protects short files:
            one case never passes it where ``share`` is above it.
    """
    return count > 0 and tail(count, total, share) < limit
