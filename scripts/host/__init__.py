"""The host agent: what runs on a stack's hosts, and the typed specs by which the program tells it what to do."""
