"""MySQL's databases, roles and users: read, compared with the desired state, changed."""
