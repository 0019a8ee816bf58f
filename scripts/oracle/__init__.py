"""Real Datasette as the oracle: environments, the driver inside them, scenarios."""
