#!/bin/sh
# Logs in with the .env file on standard input, as a shell reads it.
set -eua
# shellcheck source=/dev/null
. /dev/stdin
exec python3 dotenv_login.py
