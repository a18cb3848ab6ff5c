"""The server's backups: bases and the binary log into an encrypted repository, restores, and drills of restores."""
