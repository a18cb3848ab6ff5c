"""What runs on a host (cloud_init/, host/), and what an operator runs: `python -m scripts VERB --stack S`."""
