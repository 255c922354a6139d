"""How samplers are run and judged: plan, launch, worker, store, scores, command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.campaign import Campaign

__version__ = "0.1.0"


def run(**options: Any) -> Campaign:
    """Run a campaign and return it; see ``harness.campaign.run`` for the options."""
    from harness.campaign import run as run_campaign  # workers import this package: keep it light

    return run_campaign(**options)


def load(folder: Any) -> Campaign:
    """The campaign stored in ``folder``; raises StoreError where there is none."""
    from harness.campaign import load as load_campaign

    return load_campaign(folder)
