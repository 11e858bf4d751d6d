"""Grouping unit vectors into people, with evidence that speaks for or against a pair, and without knowing how many people there are.

Average linkage on cosine distance. Items are weighed, so that half a second of voice says less than two seconds; a cluster is the sum of its
items' weighed vectors, which makes the mean distance between two clusters one product: ``1 - a . b / (weight_a * weight_b)``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True, slots=True)
class Tree:
    """Merges in order: the two items (by a member each) that became one, and the height at which they did. ``items`` is how many there were."""

    items: int
    pairs: tuple[tuple[int, int], ...]
    heights: Float[np.ndarray, " merges"]

    def cut(self, height: float) -> Int[np.ndarray, " items"]:
        """Labels 0, 1, … by first appearance, of the clusters that are left when merges above ``height`` are undone."""
        parent = np.arange(self.items)

        def root(item: int) -> int:
            while parent[item] != item:
                item = parent[item]
            return item

        for (left, right), merged_at in zip(self.pairs, self.heights, strict=True):
            if merged_at <= height:
                parent[root(right)] = root(left)
        roots = [root(item) for item in range(self.items)]
        numbers = {r: n for n, r in enumerate(dict.fromkeys(roots))}
        return np.array([numbers[r] for r in roots], int)


def link(
    sums: Float[np.ndarray, "items embedding"],
    weights: Float[np.ndarray, " items"],
    apart: Bool[np.ndarray, "items items"],
    evidence: Float[np.ndarray, "items items"],
) -> Tree:
    """The tree of average linkage. Items that are ``apart`` never meet in a cluster.

    Positive ``evidence`` brings a pair nearer by that much, negative puts it further away; 0 says nothing. Between clusters the pairs that say
    something are averaged. Time and memory are quadratic in the items (a few thousand at most).
    """
    sums, weights, apart = np.array(sums, float), np.array(weights, float), apart.copy()
    said, known = evidence.astype(float), (evidence != 0).astype(float)
    distance = 1 - sums @ sums.T / np.outer(weights, weights) - said / np.maximum(known, 1)
    distance[apart] = np.inf
    np.fill_diagonal(distance, np.inf)
    alive, nearest = np.ones(len(weights), bool), distance.min(axis=1, initial=np.inf)
    pairs, heights, floor = [], [], -np.inf
    while len(weights) and np.isfinite(best := nearest.min()):
        left = int(nearest.argmin())
        left, right = sorted((left, int(distance[left].argmin())))
        pairs.append((left, right))
        heights.append(floor := max(floor, float(best)))  # evidence can make a merge lower than the one before it
        alive[right] = False
        for table in (sums, weights, said, known, apart):
            table[left] += table[right]
        for table in (said, known, apart):
            table[:, left] = table[left]
        row = 1 - sums @ sums[left] / (weights * weights[left]) - said[left] / np.maximum(known[left], 1)
        row[apart[left] | ~alive] = np.inf
        row[left] = np.inf
        stale = (distance[:, left] <= nearest) | (distance[:, right] <= nearest)
        distance[right], distance[:, right] = np.inf, np.inf
        distance[left], distance[:, left] = row, row
        nearest = np.minimum(nearest, row)
        nearest[stale] = distance[stale].min(axis=1)
        nearest[left], nearest[right] = row.min(), np.inf
    return Tree(len(weights), tuple(pairs), np.array(heights))


def widest_gap(heights: Float[np.ndarray, " merges"], centre: float, reach: float) -> float:
    """Where to cut a tree: in the middle of the widest gap between merge heights about ``centre``.

    A single threshold hangs on a number: a merge may lie just above or below it. Every place within ``reach`` of it is nearly as reasonable, and
    where nothing merges for long, the same people come out wherever one cuts. A gap counts by what of it lies within reach, the more the nearer
    to the centre (triangular weight).
    """

    def worth(height: float) -> float:
        """Integral of the triangular weight from the left end of the reach up to ``height``."""
        x = float(np.clip((height - centre) / reach, -1, 1))
        return 0.5 * (1 + x) ** 2 if x < 0 else 1 - 0.5 * (1 - x) ** 2

    low, high = centre - reach, centre + reach
    edges = [low, *sorted(float(h) for h in heights if low < h < high), high]
    gaps = [(worth(right) - worth(left), left, right) for left, right in itertools.pairwise(edges)]
    _, left, right = max(gaps)
    return float(np.clip(centre, left + 1e-6, right - 1e-6)) if left < centre < right else (left + right) / 2
