"""What every room of the agent stands on: specs as JSON, the lock, state files, programs, atomic writes, undo."""
