# shellcheck shell=bash disable=SC2034,SC2154
# The four named servers, and the options that servers run with.

named_servers=(mariadb-a mariadb-b mysql-a mysql-b)

# Below the range that Linux takes ports for outgoing connections from (32768 and up): a port
# in that range is now and then taken already. 33061 would also be MySQL group replication's.
declare -A port_of_named=(
  [mariadb-a]=${DBFERRY_MARIADB_A_PORT:-23061}
  [mariadb-b]=${DBFERRY_MARIADB_B_PORT:-23062}
  [mysql-a]=${DBFERRY_MYSQL_A_PORT:-23063}
  [mysql-b]=${DBFERRY_MYSQL_B_PORT:-23064}
)

# Where a kind's files are, whatever the server does.
location_options_mariadb=(
  --basedir="$state/packages/mariadb/root/usr"
  --plugin-dir="$state/packages/mariadb/root/usr/lib/mysql/plugin"
)
location_options_mysql=(
  --basedir="$state/packages/mysql/root/usr"
  --plugin-dir="$state/packages/mysql/root/usr/lib/mysql/plugin"
)
# Without it the servers refuse to run as root, as they do in a bare container.
if [ "$(id -u)" = 0 ]; then
  location_options_mariadb+=(--user=root)
  location_options_mysql+=(--user=root)
fi

common_options=(
  --bind-address=127.0.0.1
  --skip-name-resolve
  --local-infile=ON
  --character-set-server=utf8mb4
  --max-allowed-packet=1G
  --max-connections=400
  --log-bin=binlog
  --binlog-expire-logs-seconds=21600
  # Tests kill processes, not machines: what the kernel holds survives a killed server, and
  # one flush per commit would be most of the time that a test takes.
  --innodb-flush-log-at-trx-commit=2
  --sync-binlog=0
  --ssl-ca="$state/tls/ca.pem"
  --ssl-cert="$state/tls/server.pem"
  --ssl-key="$state/tls/server-key.pem"
)

kind_options_mariadb=(
  --binlog-format=ROW
  --performance-schema=OFF
  --log-slave-updates=ON
  --plugin-load-add=auth_ed25519
)
kind_options_mysql=(
  --gtid-mode=ON
  --enforce-gtid-consistency=ON
  --mysqlx=OFF
  --secure-file-priv=
)

# The log is large so that a bulk load does not wait for checkpoints, the pool small because
# four of them share the machine with the tests.
named_size_mariadb=(--innodb-buffer-pool-size=256M --innodb-log-file-size=512M)
named_size_mysql=(--innodb-buffer-pool-size=256M --innodb-redo-log-capacity=512M)

# A throw-away server may sit on a disk of a few hundred megabytes.
fresh_size_mariadb=(--innodb-buffer-pool-size=128M --innodb-log-file-size=48M)
fresh_size_mysql=(--innodb-buffer-pool-size=128M --innodb-redo-log-capacity=48M)

# `a` is a server as it comes; `b` differs where applications in the field do: a zone that is
# not UTC, no strictness, and (as on Aurora) no trust in function creators.
variant_options_a=(--default-time-zone=+00:00 --log-bin-trust-function-creators=ON)
variant_options_b=(--default-time-zone=+05:30 --log-bin-trust-function-creators=OFF --sql-mode=)

server_id_of_named() {
  case $1 in
    mariadb-a) echo 11 ;;
    mariadb-b) echo 12 ;;
    mysql-a) echo 21 ;;
    mysql-b) echo 22 ;;
  esac
}

print_env() {
  local server variable
  for server in "${named_servers[@]}"; do
    variable=${server//-/_}
    printf 'export DBFERRY_TEST_%s=mysql://dbferry:dbferry@127.0.0.1:%s/\n' "${variable^^}" "${port_of_named[$server]}"
    printf 'export DBFERRY_TEST_%s_SOCKET=%q\n' "${variable^^}" "$state/$server/socket"
  done
  printf 'export DBFERRY_TEST_CA=%q\n' "$state/tls/ca.pem"
  printf 'export DBFERRY_TEST_CLIENT_CERT=%q\n' "$state/tls/client.pem"
  printf 'export DBFERRY_TEST_CLIENT_KEY=%q\n' "$state/tls/client-key.pem"
  printf 'export DBFERRY_TEST_OTHER_CA=%q\n' "$state/tls/other-ca.pem"
  printf 'export DBFERRY_TEST_OTHER_CLIENT_CERT=%q\n' "$state/tls/other-client.pem"
  printf 'export DBFERRY_TEST_OTHER_CLIENT_KEY=%q\n' "$state/tls/other-client-key.pem"
  printf 'export DBFERRY_TEST_SERVERS=%q\n' "$here/servers"
}
