"""mysqld's settings that follow from an instance type's vCPUs."""

from scripts.host.mysql.spec import Setting

FEW_VCPUS = 2
"""What was measured; hosts with more keep what their MySQL has."""


def derived(vcpus: int) -> dict[str, Setting]:
    """Return the settings that follow from so many vCPUs.

    Threads of its own for the redo log are a context switch for every commit, which pays on many processors (MySQL
    manual, "Optimizing InnoDB Redo Logging"). 8.0 and 8.4 have them on, 9.7 has them off on a small host.
    """
    return {"innodb_log_writer_threads": False} if vcpus <= FEW_VCPUS else {}
