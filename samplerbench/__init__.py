"""Which sampler can be trusted on a model, with which versions, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from samplerbench.version import __version__

if TYPE_CHECKING:
    from samplerbench.harness.campaign.run import Campaign


__all__ = ["__version__", "load", "run"]


def run(**options: Any) -> Campaign:
    """Run a campaign and return it; see ``harness.campaign.run.run`` for the options."""
    from samplerbench.harness.campaign.run import (
        run as run_campaign,  # workers import this package: keep it light
    )

    return run_campaign(**options)


def load(folder: Any) -> Campaign:
    """The campaign stored in ``folder``; raises StoreError where there is none."""
    from samplerbench.harness.campaign.run import load as load_campaign

    return load_campaign(folder)
