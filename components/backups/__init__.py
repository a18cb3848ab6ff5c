"""Backups of a server: the bucket that they go to, what lets the server write there, and snapshots."""
