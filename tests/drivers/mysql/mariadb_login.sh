#!/bin/sh
# Logs in with the option file on standard input and prints what MySQL says of the session, as one line of JSON.
set -eu
cipher="select variable_value from performance_schema.session_status where variable_name = 'Ssl_cipher'"
query="select json_object('user', current_user(), 'database', database(), 'cipher', ($cipher))"
exec mariadb --defaults-file=/dev/stdin --batch --raw --skip-column-names --execute "$query"
