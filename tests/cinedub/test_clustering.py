"""People are counted right, wherever in reason one cuts; what is forbidden never happens."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage

from cinedub.clustering import link, widest_gap


def voices(people: int, each: int, seed: int, noise: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around ``people`` directions; at noise 0.9 two of one person have a cosine of a little over a half, as windows of 1.5 s have."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((people, 192))
    truth = np.repeat(np.arange(people), each)
    points = centres[truth] + noise * draw.standard_normal((len(truth), 192))
    return points / np.linalg.norm(points, axis=1, keepdims=True), truth


def same_groups(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a[:, None] == a, b[:, None] == b))


def nothing(items: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((items, items), bool), np.zeros((items, items))


def test_the_tree_is_that_of_average_linkage() -> None:
    points, _ = voices(5, 8, seed=1, noise=1.5)
    tree = link(points, np.ones(len(points)), *nothing(len(points)))
    assert np.allclose(tree.heights, linkage(points, "average", "cosine")[:, 2])


@pytest.mark.parametrize("people", [1, 2, 5, 9])
@pytest.mark.parametrize("distance", [0.58, 0.64, 0.70])
def test_the_number_of_people_is_found_whatever_the_exact_distance(people: int, distance: float) -> None:
    points, truth = voices(people, 6, seed=people)
    tree = link(points, np.ones(len(points)), *nothing(len(points)))
    assert same_groups(tree.cut(widest_gap(tree.heights, distance, 0.12)), truth)


def test_the_cut_falls_into_the_widest_gap_and_stays_within_reach() -> None:
    assert 0.55 < widest_gap(np.array([0.2, 0.54, 0.55, 0.67, 0.9]), 0.64, 0.12) < 0.67
    assert widest_gap(np.array([]), 0.64, 0.12) == 0.64
    assert 0.52 <= widest_gap(np.linspace(0.3, 0.9, 200), 0.64, 0.12) <= 0.76


def test_items_that_are_apart_never_meet_however_alike_they_are() -> None:
    points, _ = voices(1, 6, seed=3, noise=0.1)
    apart, evidence = nothing(6)
    apart[0, 5] = apart[5, 0] = True
    labels = link(points, np.ones(6), apart, evidence).cut(2.0)
    assert labels[0] != labels[5] and len(set(labels)) == 2


def test_evidence_joins_what_the_vectors_leave_in_doubt() -> None:
    points, _ = voices(2, 1, seed=4)
    apart, evidence = nothing(2)
    distance = 1 - float(points[0] @ points[1])
    evidence[0, 1] = evidence[1, 0] = 0.15
    assert link(points, np.ones(2), apart, evidence).heights[0] == pytest.approx(distance - 0.15)


def test_weights_count_as_repetitions_do() -> None:
    points, _ = voices(3, 2, seed=5)
    doubled = link(points * np.array([2, 1, 1, 1, 1, 1])[:, None], np.array([2.0, 1, 1, 1, 1, 1]), *nothing(6)).heights
    repeated = link(np.concatenate([points[:1], points]), np.ones(7), *nothing(7)).heights
    assert np.allclose(doubled, repeated[1:])  # the repetition's own merge, at distance 0, comes first


def test_nothing_and_nobody_make_an_empty_tree() -> None:
    assert link(np.zeros((0, 4)), np.zeros(0), *nothing(0)).cut(1.0).tolist() == []
