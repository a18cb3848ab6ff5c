"""A stand-in for pulumi-command 1.2.1: remote.Command and local.Command over real SSH and real processes."""
