"""What a run calls its trials: as few words as tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from samplerbench.harness.records import Trial
from samplerbench.text import format_count

#: fields that are named only where trials differ in them, and how a value reads
FORMS = {
    "precision": lambda value: f"{value}-bit",
    "chains": lambda value: format_count(value, "chain"),
    "warmup": lambda value: f"{value} warm-up",
    "draws": lambda value: format_count(value, "draw"),
}


class TrialNames:
    """Names of the trials of one run."""

    def __init__(self, trials: Sequence[Trial] = ()) -> None:
        self._fields = [name for name in FORMS if len({getattr(t, name) for t in trials}) > 1]
        self._labels = Counter(trial.label for trial in trials)

    def describe_setup(self, trial: Trial) -> str:
        """The trial's environment, its device where that is not the usual one, and its lengths."""
        device = [] if trial.device == "cpu" else [trial.device]
        others = [FORMS[name](getattr(trial, name)) for name in self._fields]
        return ", ".join([trial.environment_label, *device, *others])

    def describe_place(self, trial: Trial) -> str:
        """The trial's model and what it runs on."""
        return f"{trial.model_label} on {self.describe_setup(trial)}"

    def name(self, trial: Trial) -> str:
        """The trial's label; with its place where another trial has the same label."""
        return trial.label if self._labels[trial.label] <= 1 else self.describe(trial)

    def describe(self, trial: Trial) -> str:
        """The trial's label and its place."""
        return f"{trial.label}, {self.describe_place(trial)}"
