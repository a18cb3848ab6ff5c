"""The verbs of `python -m scripts`, a file each."""
