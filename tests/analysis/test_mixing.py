"""When an equilibrium exists, and when saying one would be making it up."""

import networkx as nx
import numpy as np
import pytest

from analysis.mixing import equilibria, equilibrium, recruitment_homophily, transition


@pytest.mark.parametrize(
    ("matrix", "obstacle"),
    [
        ([[0, 0], [0, 0]], "no_recruits"),
        ([[3, 1], [0, 0]], "empty_row"),
        ([[3, 0], [0, 2]], "not_unique"),
        ([[0, 3], [2, 0]], "periodic"),
        ([[0, 3, 0], [0, 0, 1], [2, 0, 0]], "periodic"),
        ([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 2], [0, 0, 5, 0]], "not_unique"),
    ],
)
def test_there_is_no_equilibrium_and_the_reason_is_said(
    matrix: list[list[int]], obstacle: str
) -> None:
    found = equilibrium(np.array(matrix))
    assert (found.shares, found.obstacle) == (None, obstacle)


def test_a_group_that_recruitment_leaves_for_good_has_no_share_in_the_end() -> None:
    found = equilibrium(np.array([[1, 1, 0], [0, 3, 1], [0, 2, 2]]))
    assert found.shares == pytest.approx([0, 2 / 3, 1 / 3])


def test_recruitment_leaves_the_equilibrium_unchanged() -> None:
    matrix = np.random.default_rng(1).integers(1, 50, size=(6, 6))
    shares = equilibrium(matrix).shares
    assert shares is not None
    assert shares @ transition(matrix) == pytest.approx(shares)


def test_one_group_alone_has_homophily_of_one() -> None:
    assert recruitment_homophily(np.array([[9]])) == 1.0


def test_homophily_of_no_recruits_is_not_known() -> None:
    assert recruitment_homophily(np.array([[0]])) is None


def test_homophily_is_not_known_where_chance_could_give_no_pair_of_a_kind() -> None:
    assert recruitment_homophily(np.array([[0, 5], [0, 0]])) is None


def test_a_group_that_recruitment_leaves_for_good_has_no_share_at_all() -> None:
    leaving = np.array([[[1, 2, 0], [0, 3, 1], [0, 1, 7]], [[7, 1, 0], [1, 3, 0], [0, 2, 1]]])
    assert equilibria(leaving)[0, 0] == equilibria(leaving)[1, 2] == 0.0
    assert equilibria(leaving)[0, 2] == pytest.approx(equilibria(leaving)[1, 0])
    assert equilibria(leaving).sum(axis=1) == pytest.approx(1)


def test_what_settles_is_what_networkx_finds_to_settle() -> None:
    chance = np.random.default_rng(11)
    for k in (1, 2, 3, 4, 5):
        matrices = chance.binomial(1, 0.4, size=(200, k, k))
        settles = [bool(np.isfinite(shares).all()) for shares in equilibria(matrices)]
        for matrix, does in zip(matrices, settles, strict=True):
            graph: nx.DiGraph[int] = nx.DiGraph(zip(*np.nonzero(matrix), strict=True))
            closed = list(nx.attracting_components(graph))
            expected = (
                bool((matrix.sum(axis=1) > 0).all())
                and len(closed) == 1
                and nx.is_aperiodic(graph.subgraph(closed[0]))
            )
            assert does == expected
