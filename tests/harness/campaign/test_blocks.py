"""Blocks: clocked phases once more in new processes, in random order, and nothing else anew."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

import samplerbench
from samplerbench.cli import progress
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import blocks
from samplerbench.harness.campaign.plan import Plan
from samplerbench.harness.campaign.plan_options import check_options
from samplerbench.harness.campaign.watcher import Watcher
from samplerbench.harness.records import AUTO, Result, Trial, read_result, to_json
from tests.support import stored
from tests.support.trials import small

TRIALS = [small(seed=seed) for seed in range(12)]


def ended(cold=3.0, **fields):
    return Result("ok", timings={"cold_s": cold, "warm_s": 0.1}, machine={"host": "a"}, **fields)


def rounds(results, asked=3, alone=True, seed=0, trials=TRIALS):
    by_trial = dict(zip((trial.id for trial in trials), results, strict=False))
    return list(blocks.plan_rounds(trials, by_trial, asked, alone, seed))


def test_a_block_renames_no_trial_and_has_a_name_of_its_own():
    record = {k: v for k, v in asdict(small()).items() if k != "block"}
    assert Trial(**record).id == small().id == "ef461a309da4edd5"
    assert len({replace(small(), block=block).id for block in (0, 2, 3)}) == 3


def test_each_round_has_every_trial_once_in_an_order_of_its_own():
    second, third = rounds([ended() for _ in TRIALS])
    assert {trial.block for trial in second} == {2} and {trial.block for trial in third} == {3}
    orders = [[trial.seed for trial in each] for each in (second, third)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(12))
    assert orders[0] != orders[1] and orders[0] != sorted(orders[0])
    again, other = rounds([ended() for _ in TRIALS]), rounds([ended() for _ in TRIALS], seed=1)
    assert again == [second, third] and other != again


def test_auto_is_three_where_the_first_run_was_short_and_trials_run_alone():
    (second, third) = rounds([ended(cold=9.9), ended(cold=10.1)], AUTO, trials=TRIALS[:2])
    assert [trial.seed for trial in (*second, *third)] == [0, 0]
    assert rounds([ended()], AUTO, alone=False, trials=TRIALS[:1]) == []
    assert len(rounds([ended(cold=99.0)], 2, trials=TRIALS[:1])) == 1  # a number is a number


def test_only_missing_blocks_are_run_and_none_of_a_trial_that_failed():
    done = ended(blocks=[{"cold_s": 3.1}, {"cold_s": 2.9}])
    ((lacking,), (more,)) = rounds([done], asked=5, trials=TRIALS[:1])
    assert (lacking.block, more.block) == (4, 5)
    assert rounds([done], trials=TRIALS[:1]) == rounds([Result("failed")], trials=TRIALS[:1]) == []
    # one without a result yet
    assert [len(lacking) for lacking in rounds([ended()], trials=TRIALS[:2])] == [1, 1]


def test_a_block_that_found_a_busy_machine_says_so():
    result, busy = ended(), "busy: wall over CPU time of the first call is 2"
    blocks.join_block(result, 2, ended(warnings=[busy]))
    assert result.warnings == ["busy in block 2"] and not result.is_contended


def test_a_block_adds_its_seconds_and_says_what_was_unusual():
    result = ended()
    busy = "contended: wall over CPU time is 1.30"
    blocks.join_block(result, 2, ended(cold=3.2, warnings=[busy, "unstable: no matter"]))
    assert result.list_seconds("cold_s") == [3.0, 3.2]
    assert result.warnings == ["contended in block 2"] and result.is_contended
    for _ in range(2):  # tried again in a later run, and said once
        blocks.join_block(result, 3, Result("crashed", "killed by SIGKILL"))
    away = ended()
    away.machine["host"] = "b"
    blocks.join_block(result, 3, away)
    assert result.list_seconds("cold_s") == [3.0, 3.2]
    assert result.warnings[1:] == [
        "block 3 is crashed: killed by SIGKILL",
        "block 3 ran on another machine and is left out",
    ]


def test_blocks_are_kept_with_their_result_and_an_older_record_has_none():
    result = ended(blocks=[{"cold_s": 3.1}])
    assert read_result(to_json(result)) == result
    older = json.loads(to_json(ended()))
    del older["blocks"]
    assert read_result(json.dumps(older)) == ended()


def test_a_stored_block_changes_intervals_and_leaves_all_other_scores(tmp_path):
    with stored.campaign(tmp_path / "c") as campaign:
        trial = campaign.store.trials()[0]
        before, whole = campaign.rows()[0], campaign.scores(trial)
        result = campaign.store.result(trial.id)
        result.blocks.append({name: 2 * seconds for name, seconds in result.blocks[0].items()})
        renewed = campaign.trial_scores.renew_seconds(trial, result)
        campaign.store.add_block(trial, result, 7.0, renewed)
        after, scores = campaign.rows()[0], campaign.scores(trial)
        assert after["blocks"] == 4 and after["warm_s"] > before["warm_s"]
        assert after["realised_ess_per_s"] == after["realised_ess"] / after["warm_s"]
        assert {**whole, "columns": None} == {**scores, "columns": None}
        changed = {name for name in before if before[name] != after[name]} - {"blocks"}
        speeds = {"ess_per_s", "realised_ess_per_s", "seconds_to_5pct"}
        seconds = {"block_seconds", *(n.removesuffix(e) for n in changed for e in ("_lo", "_hi"))}
        assert {name for name in changed if not name.endswith(("_s", "_lo", "_hi"))} <= {
            *speeds,
            *seconds,
        }


def test_the_plan_takes_a_number_or_auto():
    assert Plan().blocks == AUTO and Plan(blocks=5).blocks == 5
    assert Plan(blocks="auto").blocks == AUTO
    with pytest.raises(UsageError, match="blocks = -1 in here\n  expected: .* from 1 or auto"):
        check_options({"blocks": -1}, "here")


class Recorder(Watcher):
    """Notes blocks in the order in which they end."""

    def __init__(self):
        self.rounds, self.ended = [], []

    def on_round(self, blocks):
        self.rounds.append(len(blocks))

    def on_block(self, block, result, seconds):
        self.ended.append((block.sampler, block.block, result.status, seconds))


@pytest.mark.process
def test_a_run_with_more_blocks_adds_those_alone_and_draws_nothing_anew(tmp_path):
    plan = {
        "sampler": ["exact_iid", "control_wide"],
        "replicates": 16,
        "draws": 200,
        "env": "current",
        "out": tmp_path / "c",
    }
    one = samplerbench.run(blocks=1, **plan)
    first = {row["trial"]: row for row in one.rows()}
    kept = {name: one.store.draws_path(name).read_bytes() for name in first}
    one.close()
    assert {row["blocks"] for row in first.values()} == {1}
    watcher = Recorder()
    with samplerbench.run(blocks=3, watcher=watcher, **plan) as more:
        rows = {row["trial"]: row for row in more.rows()}
        assert {name: more.store.draws_path(name).read_bytes() for name in rows} == kept
        assert not list((more.folder / "scratch").iterdir())
        assert more.store.count_trials() == 2
    assert watcher.rounds == [2, 2]
    assert {status for *_, status, _ in watcher.ended} == {"ok"}
    for name, row in rows.items():
        assert row["blocks"] == 3 and row["cold_s_lo"] < row["cold_s"] < row["cold_s_hi"]
        own = first[name]["block_seconds"]
        assert {k: v[:1] for k, v in row["block_seconds"].items()} == own
        assert row["verdict"] == first[name]["verdict"]
        assert row["realised_ess"] == first[name]["realised_ess"]


def test_a_display_says_what_a_round_is_for_and_goes_on(tmp_path, capsys):
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with stored.campaign(tmp_path / "c") as campaign:
        trial = campaign.store.trials()[0]
        for stream in (io.StringIO(), Terminal()):
            watcher = progress.choose_watcher(False, stream)
            watcher.on_start(campaign, [])
            block = replace(trial, block=2)
            watcher.on_round([block])
            watcher.on_phase(block, "cold")
            watcher.on_block(block, ended(), 1.0)
            assert "block 2: seconds of 1 trial once more, in new processes" in stream.getvalue()
