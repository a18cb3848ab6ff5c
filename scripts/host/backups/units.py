"""The units of the backups: a base, the log and a drill, each a service of low priority and its timer."""

from scripts.host.backups.spec import BackupSpec
from scripts.host.constants import AGENT_DIR, SYSTEMD_UNITS
from scripts.host.system.spec import FileSpec

BASE, LOG, DRILL = "mysql-pair-base", "mysql-pair-log", "mysql-pair-drill"
LOG_SECONDS = 30
SERVICE = """\
# Made by the stack: changes made here by hand are overwritten.
[Unit]
Description={description}
Wants=network-online.target
After=network-online.target mysql.service
StartLimitIntervalSec={limit_seconds}
StartLimitBurst=3

[Service]
Type=oneshot
# `current` is a link to the agent as last installed.
ExecStart=/usr/bin/python3 -B {agent}/current backup {verb}
TimeoutStartSec={timeout}
{more}
# Queries come first.
Nice=19
CPUWeight=10
IOWeight=10
IOSchedulingClass=idle
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
NoNewPrivileges=yes
RestrictSUIDSGID=yes
UMask=0077
"""
TIMER = """\
# Made by the stack: changes made here by hand are overwritten.
[Unit]
Description={description}

[Timer]
{when}

[Install]
WantedBy=timers.target
"""
RETRIED = "Restart=on-failure\nRestartSec=10min"
"""A base or drill that failed is tried three times within two hours."""
QUIET = """\
# Twice a minute is too often for the journal: only what fails is in it.
StandardOutput=null
SyslogLevel=notice
LogLevelMax=notice"""


def files(spec: BackupSpec) -> list[FileSpec]:
    """Return the files of all units."""
    return [
        _service(BASE, "run", "A base backup of MySQL", "1d", RETRIED, 7200),
        _timer(BASE, "A base backup of MySQL", _calendar(spec.base_schedule, "30min")),
        # No limit of starts: it is started for ever.
        _service(LOG, "log", "Send MySQL's binary log to the backups", "15min", QUIET, 0),
        _timer(
            LOG,
            "Send MySQL's binary log to the backups",
            f"OnActiveSec=1s\nOnBootSec=15s\nOnUnitInactiveSec={LOG_SECONDS}s\nAccuracySec=1s",
        ),
        _service(DRILL, "drill", "Rehearse a restore of MySQL's backups", "3d", RETRIED, 7200),
        _timer(DRILL, "Rehearse a restore of MySQL's backups", _calendar(spec.drill_schedule, "4h")),
    ]


def timers() -> tuple[str, ...]:
    """Return the timers' names."""
    return tuple(f"{name}.timer" for name in (LOG, BASE, DRILL))


def _calendar(schedule: str, delay: str) -> str:
    # At a time of the host's own, and after a boot if one was missed.
    return f"OnCalendar={schedule}\nRandomizedDelaySec={delay}\nFixedRandomDelay=true\nPersistent=true"


def _service(name: str, verb: str, description: str, timeout: str, more: str, limit_seconds: int) -> FileSpec:
    text = SERVICE.format(
        description=description, agent=AGENT_DIR, verb=verb, timeout=timeout, more=more, limit_seconds=limit_seconds
    )
    return FileSpec(f"{SYSTEMD_UNITS}/{name}.service", text)


def _timer(name: str, description: str, when: str) -> FileSpec:
    return FileSpec(f"{SYSTEMD_UNITS}/{name}.timer", TIMER.format(description=description, when=when))
