"""Paired comparisons, on sides whose true ratios are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from samplerbench.harness.comparison import paired_ratios, resampling
from samplerbench.harness.comparison.ratio import Conclusion
from samplerbench.harness.comparison.resampling import difference_interval
from samplerbench.harness.comparison.sides import UnlikeMachines, refuse_unlike_machines
from samplerbench.harness.statistics.between_processes import ratio_interval
from samplerbench.reports.comparison.comparison import compare
from tests.support.sides import errors, side, times


def by_quantity(ratios):
    return {ratio.quantity: ratio for ratio in ratios}


def test_known_ratios_lie_in_their_intervals_and_are_said_in_words():
    slow, fast = (
        side("slow", errors(0.3, 1), times(2.0, 2)),
        side("fast", errors(0.1, 3), times(1, 4)),
    )
    found = by_quantity(paired_ratios.compare_pairs([(slow, fast)]))
    assert found["time"].lo < 2.0 < found["time"].hi
    assert found["error"].lo < 3.0 < found["error"].hi
    assert found["efficiency"].lo < 1 / 18 < found["efficiency"].hi
    conclusions = [found[name].conclusion for name in ("time", "error", "median error")]
    assert conclusions == [Conclusion.MORE] * 3
    assert found["efficiency"].conclusion is Conclusion.LESS
    assert "times slower" in found["time"].answer
    assert "times less accurate" in found["error"].answer
    assert "times less efficient" in found["efficiency"].answer


def test_what_an_interval_says_alone_and_not_among_all_ratios_is_told_apart():
    pair = side("a", None, [1.0, 1.05, 1.1]), side("b", None, [1.2, 1.3, 1.28])  # p = 0.01
    (alone,) = (r for r in paired_ratios.compare_pairs([pair]) if r.quantity == "time")
    assert alone.hi < 1 and alone.conclusion is Conclusion.LESS
    (one, *_) = (r for r in paired_ratios.compare_pairs([pair] * 9) if r.quantity == "time")
    assert one.conclusion is Conclusion.INDISTINGUISHABLE
    assert one.answer == "indistinguishable at this budget among 9 ratios"


@pytest.mark.slow
def test_a_side_with_fewer_replicates_is_paired_as_far_as_it_goes():
    whole, cut = errors(0.3, 1), errors(0.1, 3)
    first = side("slow", whole[:20], times(2.0, 2)[:6]), side("fast", cut[:20], times(1, 4)[:6])
    row, base = side("slow", whole[:20], times(2.0, 2)[:6]), side("fast", cut, times(1, 4))
    for pairs in ([(row, base)], [(base, row)]):
        found = by_quantity(paired_ratios.compare_pairs(pairs))
        assert [found[name].pairs for name in ("time", "error", "efficiency")] == [6, 20, 20]
    found = by_quantity(paired_ratios.compare_pairs([(row, base)]))
    assert found == by_quantity(paired_ratios.compare_pairs([first]))


@pytest.mark.slow
def test_equal_samplers_are_indistinguishable_or_a_tie():
    alike = (Conclusion.INDISTINGUISHABLE, Conclusion.TIE)
    said = 0
    for seed in range(20):
        pair = (
            side("a", errors(1, 2 * seed), times(1, 2 * seed)),
            side("b", errors(1, 2 * seed + 1), times(1, 2 * seed + 1)),
        )
        said += not all(ratio.conclusion in alike for ratio in paired_ratios.compare_pairs([pair]))
    assert said <= 9  # a report errs with 5 %: binomial(20, 0.05) exceeds 9 once in a million


@pytest.mark.slow
@pytest.mark.parametrize("failing", [1, 20, 31])
def test_a_sampler_that_loses_runs_is_never_called_better(failing):
    """However good the others are: a failed run is an infinite error, and takes no pair's part."""
    good = errors(0.03, 1)
    broken = np.where(np.arange(64)[:, None] < failing, np.nan, good)
    row, base = side("a", broken, times(1, 1)), side("b", errors(0.1, 2), times(1.5, 2))
    found = by_quantity(paired_ratios.compare_pairs([(row, base)]))
    for name in ("error", "efficiency"):
        assert found[name].conclusion is Conclusion.INDISTINGUISHABLE
        assert found[name].pairs == 64 - failing and found[name].lo <= found[name].hi
        assert f"it loses {failing} of 64 runs, its reference 0" in found[name].reason
    assert "but lost runs say otherwise" in found["error"].answer
    lost = found["lost runs"]
    assert lost.conclusion is (Conclusion.INDISTINGUISHABLE if failing == 1 else Conclusion.MORE)
    assert lost.lost_runs == (failing, 0)
    assert lost.answer.startswith(f"loses {failing} of 64 runs")
    turned = by_quantity(paired_ratios.compare_pairs([(base, row)]))
    assert turned["error"].conclusion is Conclusion.INDISTINGUISHABLE


def test_the_others_are_compared_where_lost_runs_do_not_gainsay():
    worse = np.where(np.arange(64)[:, None] < 3, np.nan, errors(0.3, 1))
    found = by_quantity(
        paired_ratios.compare_pairs(
            [(side("a", worse, times(1, 1)), side("b", errors(0.1, 2), times(1, 2)))]
        )
    )
    assert found["error"].conclusion is Conclusion.MORE
    assert found["error"].reason == "where both finish; it loses 3 of 64 runs, its reference 0"


def test_no_answer_on_errors_rests_on_a_few_runs():
    """One run that is far off rules the rms; the median run is compared all the same."""
    off = errors(0.02, 1)
    off[5] = 30.0
    row, base = side("a", off, times(1, 1)), side("b", errors(0.04, 2), times(1, 2))
    found = by_quantity(paired_ratios.compare_pairs([(row, base)]))
    for name in ("error", "efficiency"):
        assert found[name].conclusion is Conclusion.INDISTINGUISHABLE and found[name].p is None
        assert found[name].reason.startswith("a few runs decide: 1.0 effective replicates of 64")
    assert found["median error"].conclusion is Conclusion.LESS
    assert found["lost runs"].lost_runs[0] > 0


def test_lost_runs_are_compared_by_pairs():
    one, other = (np.full((100, 1), 0.1) for _ in range(2))
    one[:12], other[:2] = np.nan, 0.6
    pair = side("a", one, times(1, 1)), side("b", other, times(1, 2))
    lost = by_quantity(paired_ratios.compare_pairs([pair]))["lost runs"]
    assert lost.p == pytest.approx(2 * 0.5**10)  # ten pairs differ, all one way
    assert lost.conclusion is Conclusion.MORE and lost.lost_runs == (12, 2)
    lo, hi = difference_interval(10, 0, 100)
    assert 0 < lo < 0.1 < hi < 0.25
    assert lost.answer == f"loses 12 of 100 runs, its reference 2 ({100 * lo:+.1f} to " + (
        f"{100 * hi:+.1f} % more)"
    )
    calm = side("a", errors(0.1, 1), times(1, 1)), side("b", errors(0.1, 2), times(1, 2))
    assert "lost runs" not in by_quantity(paired_ratios.compare_pairs([calm]))


@pytest.mark.slow
def test_the_interval_of_a_difference_of_shares_covers():
    rng, held = np.random.default_rng(12), 0
    for _ in range(1000):
        more, less, _ = rng.multinomial(64, [0.1, 0.04, 0.86])
        lo, hi = difference_interval(int(more), int(less), 64)
        held += lo <= 0.06 <= hi
    assert held >= stats.binom.ppf(1e-6, 1000, 0.95)


@pytest.mark.slow
def test_a_sampler_is_not_faster_than_itself_in_other_processes():
    """Processes differ by 3 %, runs within one by 1 %: only the first counts for a process."""
    held = said = 0
    for seed in range(400):
        pair = [side(name, None, times(1, 2 * seed + at, 3, 0.03)) for at, name in enumerate("ab")]
        time = by_quantity(paired_ratios.compare_pairs([pair]))["time"]
        said += time.conclusion in (Conclusion.MORE, Conclusion.LESS)
        held += time.lo <= 1 <= time.hi
    assert said <= 42 and abs(held / 400 - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 400)


def test_rounds_of_blocks_are_paired_so_that_a_drift_hides_no_difference():
    drift = np.array([1.0, 3.0, 2.0])
    slow, fast = side("slow", None, 1.5 * drift * times(1, 1, 3, 0.01)), side("fast", None, drift)
    time = by_quantity(paired_ratios.compare_pairs([(slow, fast)]))["time"]
    assert time.pairs == 3 and time.lo < 1.5 < time.hi < 1.7
    assert time.conclusion is Conclusion.MORE


def test_unlike_machines_are_refused_by_name_unless_allowed():
    pair = [
        side("a", None, [1], machine={"host": "one"}),
        side("a", None, [1], machine={"host": "two"}),
    ]
    with pytest.raises(UnlikeMachines, match="differ in host: one, two"):
        refuse_unlike_machines(pair)
    with pytest.raises(UnlikeMachines, match="differ in host: one, two"):
        paired_ratios.compare_within(pair)
    assert len(paired_ratios.compare_within(pair, unlike=True)) == 8  # also between environments


def test_rows_of_two_campaigns_have_their_environment_where_it_alone_tells_them_apart():
    old = [side("a", errors(1, 1), times(1, 1))]
    new = [side("a", errors(1, 2), times(1, 2), environment=name) for name in ("current", "latest")]
    ratios = paired_ratios.compare_between(old, new, ("new", "old"))
    assert {ratio.row for ratio in ratios} == {"a on current in new", "a on latest in new"}
    assert {ratio.reference for ratio in ratios} == {"a in old"}


@pytest.mark.slow
def test_samplers_each_in_an_environment_of_its_own_are_compared_across_environments():
    """So they run where no environment is asked for; in two of them each has its own reference."""
    first = side("a", errors(1, 1), times(1, 1), environment="one", environment_digest="1")
    second = side("b", errors(1, 2), times(2, 2), environment="two", environment_digest="2")
    ratios = paired_ratios.compare_within([first, second])
    assert {(ratio.row, ratio.reference) for ratio in ratios} == {("b on two", "a on one")}
    third = side("b", errors(1, 3), times(2, 3), environment="one", environment_digest="1")
    ratios = paired_ratios.compare_within([first, second, third])
    assert {(ratio.row, ratio.reference) for ratio in ratios} == {
        ("b on one", "a on one"),
        ("b on one", "b on two"),
    }


@pytest.mark.slow
def test_few_pairs_take_a_t_interval_that_covers():
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(2000):
        _, lo, hi = ratio_interval(np.exp(0.1 * rng.standard_normal(5)))
        held += lo <= 1 <= hi
    assert abs(held / 2000 - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 2000)


@pytest.mark.slow
def test_holm_spares_a_report_of_many_equals():
    """At most 5 % of reports of 30 equal pairs say anything; uncorrected it would be 4 in 5."""
    said = 0
    for report in range(40):
        pairs = [
            (
                side("a", None, times(1, 1000 * report + i)),
                side("b", None, times(1, 1000 * report + 500 + i)),
            )
            for i in range(30)
        ]
        said += any(
            r.conclusion in (Conclusion.MORE, Conclusion.LESS)
            for r in paired_ratios.compare_pairs(pairs)
            if r.quantity == "time"
        )
    assert said <= 14  # binomial(40, 0.05) exceeds 14 less than once in a million


@pytest.mark.process
def test_a_campaign_is_compared_with_itself_as_a_tie(tmp_path):
    import samplerbench

    with samplerbench.run(
        samplers=["exact_iid", "control_wide"],
        replicates=16,
        draws=200,
        blocks=3,
        out=tmp_path / "c",
        env="current",
    ) as campaign:
        both = compare(campaign, campaign)
        assert {ratio.conclusion for ratio in both.ratios} == {Conclusion.TIE}
        within = compare(campaign).ratios
        assert {(r.row, r.reference) for r in within} == {("control_wide", "exact_iid")}
        with pytest.raises(ValueError, match="did you mean 'exact_iid'"):
            compare(campaign, reference="exact_id")


def test_resamples_are_the_same_however_many_are_worked_on_at_once(monkeypatch):
    one, other, logs = errors(1, 1), errors(1, 2), np.array([0.1, 0.2, 0.4])
    whole = [resampling.resample_log_ratio(one, other, each) for each in (None, logs)]
    whole.append(resampling.resample_log_median_ratio(one, other))
    monkeypatch.setattr(resampling, "AT_ONCE", 64 * 999)
    parts = [resampling.resample_log_ratio(one, other, each) for each in (None, logs)]
    parts.append(resampling.resample_log_median_ratio(one, other))
    for all_at_once, in_parts in zip(whole, parts, strict=True):
        np.testing.assert_allclose(in_parts, all_at_once, atol=1e-12)
