"""The measurements that `scripts/bench` runs."""
