"""Measurements of dstok beside Datasette; `scripts/bench` runs them."""
