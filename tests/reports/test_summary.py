"""Sentences on what a campaign shows, and who takes least time to be accurate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samplerbench.reports import ranking_table, summary, time_to_accuracy
from samplerbench.reports.tables import (
    campaign_table,
    cells,
    notes,
)
from tests.support.rows import changed, timed

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # locks of folders left open


def test_the_sentence_names_who_is_shown_honest_who_took_least_and_who_is_not(rows):
    said = summary.summarise(rows, 8)
    assert said.startswith(
        "Shown honest: honest_one, quick_one and nested_one; quick_one took least from nothing"
    )
    assert "1.52 s (1.41 to 1.64); honest_one: 2.5 s; not to be relied on: shifted_one" in said
    assert "exact_iid" not in said


def test_one_alone_is_no_fastest_nor_the_overcautious_honest_and_own_stacks_are_one_problem(rows):
    one, *others = [row for row in rows if row["sampler"] in ("honest_one", "quick_one")]
    alone = summary.summarise_problem([one])
    assert f"Shown honest: {one['sampler']}; from nothing to every mean" in alone
    assert "least" not in alone and "it takes " in alone
    apart = [one, *(changed(row, environment="latest") for row in others)]
    assert len(summary.group_problems(apart)) == 1
    both = [*apart, changed(one, environment="latest")]
    assert len(summary.group_problems(both)) == 2
    cautious = changed(one, verdict="overcautious")
    said = summary.summarise_problem([cautious])
    assert said.startswith(f"No sampler is shown to be honest here; overcautious: {one['sampler']}")
    second = changed(one, model="other")
    said = "On 2 of 2 problems a sampler is shown honest: 2 honest."
    assert summary.summarise([one, second], 2) == said


def test_controls_are_neither_counted_nor_said_to_have_no_clock(rows):
    control = next(changed(row, verdict="honest") for row in rows if row["sampler"] == "exact_iid")
    shifted = next(row for row in rows if row["sampler"] == "shifted_one")
    models = [[changed(row, model=m) for row in (control, shifted)] for m in ("one", "other")]
    both = summary.summarise([row for pair in models for row in pair], 4)
    assert both == f"On none of 2 problems is a sampler shown honest: 2 {shifted['verdict']}."
    alone = [pair[0] for pair in models]
    assert summary.summarise(alone, 2) == "On 2 problems: 2 honest."
    assert summary.summarise(alone[:1], 1) == "Shown honest: exact_iid."


def test_an_answer_of_the_samplers_own_is_not_said_to_be_anothers(rows):
    said = summary.summarise([changed(rows[0], verdict="agrees")], 1)
    assert said.endswith(f"agrees with an answer that is itself a sampler's: {rows[0]['sampler']}.")


def test_a_note_says_what_the_number_counts_that_tells_rows_apart(rows):
    both = [changed(rows[0], warnings=["odd"], precision=bits, chains=bits) for bits in (32, 64)]
    places = (f"{rows[0]['sampler']} on {n}-bit, {n} chains" for n in (32, 64))
    assert notes.warning_notes(both) == [f"{'; '.join(places)}: odd"]


def test_runs_that_never_end_stand_beside_the_honest_and_below_the_table(rows):
    lost = changed(rows[0], unfinished_rate=1 / 256, caveat="1 of 256 runs failed")
    said = summary.summarise([lost, *rows[1:]], 8)
    assert "honest_one when it ends (0.39 % of runs did not), quick_one and" in said
    assert "honest_one: 1 of 256 runs failed" in notes.make_notes([lost, *rows[1:]], ["ess"])


def test_rows_judged_by_ranks_have_a_table_and_a_sentence_of_their_own(rows):
    simulated = [changed(r, calibrate="prior", sbc_p=0.4, realised_ess=None) for r in rows[:2]]
    simulated[1] = changed(simulated[1], verdict="biased", sbc_p=1e-4)
    said = summary.summarise(simulated, 2)
    assert said == (
        "Over data sets drawn from the prior the truths rank evenly among the draws of honest_one;"
        " not to be relied on: quick_one (biased)."
    )
    names = [column.name for column in campaign_table.make_table(simulated).columns]
    assert "sbc_p" in names and "calibration" not in names
    assert "data drawn from the prior" in notes.make_title(simulated)
    both = campaign_table.default_columns([*simulated, rows[2]])
    assert {"calibrate", "sbc_p", "calibration"} <= set(both)
    assert "sbc_p" not in campaign_table.default_columns(rows)


def test_every_value_of_a_sweep_has_a_name_the_default_too(rows):
    sizes = (("linear", "n_points=32"), ("linear:n_points=100", "n_points=100"))
    swept = [changed(rows[0], model=model, swept=where) for model, where in sizes]
    alike = notes.list_shared(swept)
    assert alike[0] == "model linear"
    for row, (_, where) in zip(swept, sizes, strict=True):
        assert [words for words in notes.list_shared([row]) if words not in alike] == [where]


def test_a_swept_option_stands_once_where_rows_are_of_several_models(rows):
    sizes = (("line_nd:dim=4,n_points=100", "n_points=100"), ("eight_schools", "chains=4"))
    both = [changed(rows[0], model=model, swept=where, warnings=["odd"]) for model, where in sizes]
    (note,) = notes.warning_notes(both)
    name = rows[0]["sampler"]
    assert note.startswith(f"{name} on n_points=100, line_nd:dim=4; {name} on chains=4, eight_")
    shown = [cells.make_cell(row, "model").text for row in both]
    assert shown == ["line_nd:dim=4", "eight_schools"]


def test_swept_settings_stand_in_the_samplers_label_and_make_no_problem_of_their_own(rows):
    sweep = [
        ("numpyro_hmc", {"trajectory_length": 1.5}, "trajectory_length=1.5"),
        ("numpyro_hmc", {}, "trajectory_length=6.283185307179586"),
        ("exact_iid", {}, ""),
    ]
    swept = [
        changed(rows[0], sampler=name, settings=settings, swept=where, verdict="honest")
        for name, settings, where in sweep
    ]
    said = summary.summarise(swept, 3)
    assert said.startswith("Shown honest: numpyro_hmc:trajectory_length=1.5 and numpyro_hmc")
    assert len(summary.group_problems(swept)) == 1
    assert "swept" not in campaign_table.default_columns(swept)
    both = [changed(row, swept=f"n_points={n},{row['swept']}") for row in swept for n in (32, 100)]
    assert sorted(
        {words for row in both for words in notes.list_shared([row])} - {*notes.list_shared(both)}
    ) == ["n_points=100", "n_points=32"]
    assert len(summary.group_problems(both)) == 2


def test_what_draws_are_compared_with_is_said_once_for_all_rows(rows):
    answer = "long run (25 chains)"
    both = [
        changed(
            row,
            verdict="agrees",
            verdict_reason=f"{why}; against {answer}",
            answer=answer,
            power=None,
        )
        for row, why in zip(rows, ("near", "nearer"), strict=False)
    ]
    told = notes.verdict_notes(both)
    assert told[0] == f"{cells.label(both[0])}: agrees: near"
    assert [answer in note for note in told] == [False, False, True]


def test_columns_of_words_are_set_to_the_left(rows):
    table = campaign_table.make_table(rows, ["answer", "verdict_reason", "draws", "seed", "warm_s"])
    assert [column.is_numeric for column in table.columns] == [False, False, True, True, True]


def test_a_budget_of_nothing_is_named_where_rows_differ_in_it(rows):
    both = [changed(rows[0], warmup=n, warnings=[f"odd {n}"]) for n in (0, 500)]
    assert "0 warm-up" in notes.warning_notes(both)[0]


def rank(*rows, count=1):
    return time_to_accuracy.rank(time_to_accuracy.list_costs(rows), count)


def test_the_ranking_names_the_fastest_and_the_next_with_an_interval(rows):
    table = ranking_table.make_table(time_to_accuracy.list_costs(rows))
    count, fastest, time, after = table.rows[0]
    assert (count.text, fastest.text) == ("1", "quick_one") and time.spread
    assert after.text.startswith("honest_one: ")


def test_a_control_never_wins(rows):
    fast = [timed(r, cold_s=0.01) if r["sampler"] == "exact_iid" else r for r in rows]
    assert rank(*fast).winners == ["quick_one"]


def test_two_that_differ_by_less_than_processes_do_are_not_told_apart(rows):
    near = timed(rows[0], 0.9, 1.0, 1.1, cold_s=1.1)
    assert rank(near, rows[1]).winners == ["quick_one", "honest_one"]
    told = timed(rows[0], cold_s=1.1), timed(rows[1], cold_s=1.0)
    assert rank(*told).winners == ["quick_one"]


def test_what_drifts_from_round_to_round_hides_no_difference(rows):
    """Blocks of one round are paired: the machine was slow for both, or for neither."""
    drift = (0.7, 1.0, 1.4)
    pair = [
        timed(row, *drift, cold_s=s, import_s=0.5) for row, s in zip(rows, (1.5, 1.0), strict=False)
    ]
    assert rank(*pair).winners == ["quick_one"]


def test_those_that_lead_on_as_many_problems_are_all_named(rows):
    seconds = {"here": (1.0, 9.0), "there": (9.0, 1.0)}
    pairs = [
        timed(changed(row, model=model), cold_s=cold)
        for model, both in seconds.items()
        for row, cold in zip(rows, both, strict=False)
    ]
    said = summary.summarise(pairs, len(pairs))
    assert "honest_one and quick_one each took least on 1 of 2 problems" in said


def test_processes_of_unlike_rounds_are_no_pairs(rows):
    """Each round took twice as long as the one before it; both rows took the same in each."""
    drift = (0.5, 1.0, 2.0, 4.0)
    pair = [timed(row, *drift, cold_s=1.0, import_s=0.5, warm_s=0.1) for row in rows[:2]]
    pair = [{**row, "realised_ess": 400.0, "realised_ess_lo": None} for row in pair]
    assert len(rank(*pair).winners) == 2
    for row, lost in zip(pair, (0, 3), strict=True):
        row["block_seconds"]["cold_s"][lost] = None
    assert len(rank(*pair).winners) == 2


@pytest.mark.parametrize("spread", [(1.0,), (1.0, 1.001)])
def test_fewer_than_three_processes_name_no_fastest_and_say_so(rows, spread):
    few = [timed(row, *spread, cold_s=cold) for row, cold in ((rows[0], 9.0), (rows[1], 1.0))]
    ranking = rank(*few)
    assert ranking.winners == ["quick_one", "honest_one"]
    said = summary.summarise_problem(few)
    assert "are not told apart (it takes 3 processes each: " in said
    assert f"quick_one ran in {len(spread)}" in said
    table = ranking_table.make_table(time_to_accuracy.list_costs(few))
    assert table.rows[0][1].text == "quick_one = honest_one"
    assert table.notes == [f"not told apart: {ranking.why}"]


def test_one_process_shows_no_interval_of_seconds(rows):
    (cost,) = time_to_accuracy.list_costs([timed(rows[0], 1.0, cold_s=9.0)])
    assert cost.seconds(1)[1:] == (None, None)
    table = ranking_table.make_table([cost])
    assert table.rows[0][2].spread is None


def test_a_machine_that_others_used_names_no_fastest(rows):
    busy = changed(rows[1], warnings=["contended: wall over CPU time is 1.40, in block 2"])
    ranking = rank(rows[0], busy)
    assert len(ranking.winners) == 2 and ranking.why == "others used the machine"


def test_a_lead_among_many_holds_for_all_of_them_together(rows):
    """At the level of one comparison the best of twenty equals would often lead by chance."""
    rng, leads = np.random.default_rng(1), 0
    for _ in range(100):
        factors = np.exp(0.05 * rng.standard_normal((20, 3)))
        equals = [timed(rows[0], *each, cold_s=1.0, import_s=0.5) for each in factors]
        named = [changed(row, sampler=f"s{at}") for at, row in enumerate(equals)]
        leads += rank(*named).ties == 1
    assert leads <= 5  # 5 % of 100; each rival has to be shown slower


def test_one_data_set_costs_what_the_column_says(rows):
    for row in rows[:2]:
        value, lo, hi = time_to_accuracy.make_cost(row).seconds(1)
        assert value == pytest.approx(row["seconds_to_5pct"])
        ends = row["seconds_to_5pct_lo"], row["seconds_to_5pct_hi"]
        assert (lo, hi) == pytest.approx(ends, rel=1e-3)


QUICK = dict.fromkeys(("warm_s", "sample_s"), 0.001)


def test_the_lead_changes_where_both_lines_meet(rows):
    costs = time_to_accuracy.list_costs([timed(rows[0], cold_s=10.0, **QUICK), rows[1]])
    (change,) = time_to_accuracy.find_crossovers(costs)
    assert (change.earlier_leader, change.later_leader) == ("quick_one", "honest_one")
    first, second = (cost.typical(change.data_sets) for cost in costs)
    assert first == pytest.approx(second)
    assert time_to_accuracy.rank(costs, 10_000).winners == ["honest_one"]


def test_the_interval_of_a_change_is_where_the_table_shows_a_tie(rows):
    costs = time_to_accuracy.list_costs([timed(rows[0], cold_s=10.0, **QUICK), rows[1]])
    (change,) = time_to_accuracy.find_crossovers(costs)
    assert 1 < change.lo < change.data_sets < change.hi < math.inf
    before, tied, after = (
        time_to_accuracy.rank(costs, count).winners
        for count in (math.floor(change.lo), math.ceil(change.data_sets), math.ceil(change.hi) + 1)
    )
    assert before == ["quick_one"] and after == ["honest_one"] and len(tied) == 2
    (said,) = ranking_table.describe_crossovers(costs)
    assert f"from {math.ceil(change.data_sets)} data sets on honest_one overtakes quick_one" in said
    assert f"from {math.ceil(change.lo)} to {math.ceil(change.hi)}" in said


def test_a_change_that_may_be_anywhere_is_called_none(rows):
    near = timed(rows[0], 0.9, 1.0, 1.1, cold_s=1.05, warm_s=0.0195, sample_s=0.0145)
    (said,) = ranking_table.describe_crossovers(time_to_accuracy.list_costs([near, rows[1]]))
    assert said == "honest_one and quick_one are not told apart at any number of data sets"


@pytest.mark.parametrize(
    ("status", "planned", "said"),
    [
        (None, 0, "holds no trial"),
        (None, 3, "None of the 3 trials"),
        ("failed", 2, "No trial came to an end: 2 failed"),
    ],
)
def test_a_campaign_without_numbers_is_called_so(rows, status, planned, said):
    found = [changed(row, status=status, verdict=None) for row in rows[:2]] if status else []
    assert said in summary.summarise(found, planned)


def test_without_a_comparable_row_no_winner_is_named(rows):
    few = [changed(row, verdict="too few replicates") for row in rows[:3]]
    assert summary.summarise(few, 3).startswith(
        "No sampler is shown to be honest here; not judged: "
    )
