"""Each claim of speed as a script: ours, the peers and the limit in one run."""
