"""Databases, users and settings of MySQL, and the hosts of its server and clients."""
