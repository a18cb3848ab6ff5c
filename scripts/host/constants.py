"""Facts that the program and its hosts share: paths, ports, the login user."""

LOGIN_USER = "ubuntu"
"""The login user of Ubuntu's images."""
SSH_PORT = 22
MYSQL_PORT = 3306
MYSQLX_PORT = 33060
"""The X protocol's."""
GROUP_PORT = 33061
"""Where the members of a group of servers talk to each other (Group Replication's customary port)."""
ROLE_PORT = 33065
"""Where a member says over HTTP what it is good for: GET /primary and GET /reader answer 200 or 503."""
READ_PORT_STEP = 1
"""The port for reading, on client hosts, is MySQL's and this: 3307 beside 3306."""
PROXY_ADDRESS = "127.0.0.1"
"""Where client hosts reach a group: by their own proxy; each member's certificate has this address, too."""

AGENT_DIR = "/usr/local/lib/mysql-pair"
"""Has a folder for each installed agent, named by its content, and `current`, a link to the newest."""
STATE_DIR = "/var/lib/mysql-pair"
"""The agent's state files, for root alone."""
CA_FILE = "/etc/mysql-pair/ca.pem"
"""Where client hosts keep the certificate (PEM) of the server's authority."""
TRUST_STORE = "/etc/mysql-pair/ca.jks"
"""The same certificate as a Java key store: Connector/J reads no PEM."""
PROXY_FILE = "/etc/mysql-pair/proxy.cfg"
"""HAProxy's configuration on client hosts of a group."""
PROXY_UNIT = "mysql-pair-proxy.service"
ROLE_UNIT = "mysql-pair-role.service"
"""What answers on ROLE_PORT."""
OPTION_FILE = "/etc/mysql/mysql.conf.d/zz-mysql-pair.cnf"
"""mysqld's settings. Read after the package's mysqld.cnf, which binds to the loopback address."""
SYSTEMD_UNITS = "/etc/systemd/system"
DATA_UNIT = f"{SYSTEMD_UNITS}/mysql-pair-data.service"
"""Mounts the data volume at every boot."""
DATA_DROP_IN = f"{SYSTEMD_UNITS}/mysql.service.d/mysql-pair-data.conf"
"""Keeps MySQL from starting without it."""
GROUP_DROP_IN = f"{SYSTEMD_UNITS}/mysql.service.d/mysql-pair-group.conf"
"""Has a primary hand its role on before MySQL is stopped."""
LOG_DIR = "/var/log/mysql"
"""mysqld's logs: AppArmor lets mysqld write there, and the distribution rotates what ends in `log` every day."""
STATUS_FILE = "/var/lib/mysql-pair-status/backups.json"
"""How the server's backups are, for monitoring to read: STATE_DIR lets nobody but root in."""
