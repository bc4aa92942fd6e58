"""How much work an agent asks for."""

from __future__ import annotations

from ayon_sitesync.transfer.appetite import (
    FEWEST_FILES,
    FEWEST_TRANSFERS,
    HUNGRY_FILES,
    MOST_FILES,
    MOST_TRANSFERS,
    Appetite,
)


def test_slow_agent_leaves_work_to_others() -> None:
    appetite = Appetite(0.0)
    appetite.measure(10.0, transfers=1, files=20)
    assert (appetite.transfers, appetite.files) == (FEWEST_TRANSFERS, FEWEST_FILES)
    assert appetite.hungry_files == HUNGRY_FILES


def test_fast_agent_asks_for_what_it_does_in_two_seconds() -> None:
    appetite = Appetite(0.0)
    appetite.measure(2.0, transfers=600, files=4000)
    assert (appetite.transfers, appetite.files) == (600, 4000)
    # So much again is asked for while there is less left: giving takes a while.
    assert appetite.hungry_files == 4000
    # Nothing was done since: it is slow again.
    appetite.measure(12.0, transfers=600, files=4000)
    assert appetite.transfers == FEWEST_TRANSFERS


def test_there_is_a_most() -> None:
    appetite = Appetite(0.0)
    appetite.measure(1.0, transfers=10**6, files=10**6)
    assert (appetite.transfers, appetite.files) == (MOST_TRANSFERS, MOST_FILES)


def test_moments_are_no_measure() -> None:
    appetite = Appetite(0.0)
    appetite.measure(0.1, transfers=1000, files=1000)
    assert appetite.transfers == FEWEST_TRANSFERS


def test_that_an_agent_is_faster_is_believed_sooner_than_that_it_is_slower() -> None:
    appetite = Appetite(0.0)
    appetite.measure(0.25, transfers=100, files=500)
    assert (appetite.transfers, appetite.hungry_files) == (800, 4000)
    appetite.measure(0.5, transfers=100, files=500)
    assert (appetite.transfers, appetite.hungry_files) == (800, 4000)
    # With fewer files in each transfer: those of before are not forgotten yet.
    appetite.measure(0.75, transfers=350, files=750)
    assert (appetite.transfers, appetite.hungry_files) == (MOST_TRANSFERS, 4000)
    appetite.measure(2.0, transfers=475, files=875)
    assert (appetite.transfers, appetite.hungry_files) == (200, HUNGRY_FILES)
