"""Campaigns: plan, store, dispatch, run and export."""
