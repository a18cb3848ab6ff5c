"""A group of MySQL servers (Group Replication, single-primary): who is in it, how a member joins, leaves and is told."""
