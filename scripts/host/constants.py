"""What both sides say of a host: the program and the operator's commands, and the agent that runs there."""

AGENT_DIR = "/usr/local/lib/mysql-pair"
"""The agent's versions, each in a folder named by its digest; the symlink `current` leads to the newest."""
STATE_DIR = "/var/lib/mysql-pair"
CA_FILE = "/etc/mysql-pair/ca.pem"

LOGIN_USER = "ubuntu"
SSH_PORT = 22
MYSQL_PORT = 3306
MYSQLX_PORT = 33060
