"""The command provider, whichever binary it is, against what pulumi-command 1.2.1's source says."""
