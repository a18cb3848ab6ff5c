"""A group of MySQL servers (Group Replication, single-primary): who is in it, and how a member joins and leaves."""
