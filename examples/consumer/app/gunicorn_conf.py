"""How gunicorn serves. It takes the listening socket over from systemd (LISTEN_FDS): it is named nowhere here."""

# The default class: one request a connection, so that none is left on an idle one when a worker ends.
worker_class = "sync"
workers = 2
graceful_timeout = 20
"""Seconds that requests under way have when it is told to end; notes.service gives it more."""
worker_tmp_dir = "/dev/shm"  # noqa: S108  in memory: gunicorn's heartbeat is a file that it touches all the time
control_socket_disable = True
"""Gunicorn 25 and later would make one in a home that the service does not have; older ones skip the unknown name."""
