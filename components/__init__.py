"""The stack's components: they take typed args and know nothing of its config or target."""
