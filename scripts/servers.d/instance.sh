# shellcheck shell=bash disable=SC2154
# One server: a folder with its data, log, socket, process id, and the options it runs with.

# A start includes crash recovery, a stop the flush of a whole buffer pool.
start_seconds_max=120
stop_seconds_max=120

# The folder of a named server, or the folder itself.
instance_folder() {
  case $1 in
    */*) (cd "$1" 2>/dev/null && pwd) || fail "there is no folder '$1'" ;;
    *)
      [ -n "${port_of_named[$1]:-}" ] || fail "there is no server '$1'; the servers are ${named_servers[*]}"
      printf '%s\n' "$state/$1"
      ;;
  esac
}

# The kind of a server, running or not: a named one may have no folder yet.
kind_of() {
  local folder
  folder=$(instance_folder "$1")
  if is_named "$folder"; then
    folder=${folder##*/}
    printf '%s' "${folder%-*}"
  else
    cat "$folder/kind" 2>/dev/null || fail "'$1' is not the folder of a server"
  fi
}

is_named() {
  [ "${1%/*}" = "$state" ] && [ -n "${port_of_named[${1##*/}]:-}" ]
}

daemon_of() {
  case $1 in
    mariadb) echo mariadbd ;;
    mysql) echo mysqld ;;
  esac
}

client_of() {
  case $1 in
    mariadb) echo mariadb ;;
    mysql) echo mysql ;;
  esac
}

# Prints the process id of a running server. A number in a file proves nothing after a reboot,
# so the process must also have this very data folder on its command line.
running_pid() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "--datadir=$1/data" || return 1
  printf '%s\n' "$pid"
}

start_instance() {
  local folder=$1
  mkdir -p "$folder"
  (
    flock 9
    running_pid "$folder" >/dev/null && exit 0
    if is_named "$folder"; then write_named_settings "${folder##*/}" "$folder"; fi
    write_client_settings "$folder"
    create_data "$folder"
    launch "$folder"
    wait_until_ready "$folder"
  ) 9>"$folder/lock"
}

# Written at each start: a changed option takes effect without a wipe.
write_named_settings() {
  local server=$1 folder=$2 kind=${1%-*}
  local -n size=named_size_$kind variant=variant_options_${server##*-}
  write_settings "$folder" "$kind" "${port_of_named[$server]}" \
    --server-id="$(server_id_of_named "$server")" "${size[@]}" "${variant[@]}"
}

# write_settings FOLDER KIND PORT OPTION...
write_settings() {
  local folder=$1 kind=$2 port=$3
  shift 3
  local -n by_kind=kind_options_$kind
  printf '%s\n' "$kind" >"$folder/kind"
  printf '%s\n' "$port" >"$folder/port"
  printf '%s\n' "${common_options[@]}" "${by_kind[@]}" "$@" >"$folder/options"
}

write_client_settings() {
  local folder=$1
  cat >"$folder/client.cnf" <<CONF
[client]
user=dbferry
password=dbferry
socket=$folder/socket
port=$(<"$folder/port")
CONF
}

create_data() {
  local folder=$1
  [ -d "$folder/data" ] && return
  rm -rf "$folder/data.new"
  cp -a "$(template_of "$(<"$folder/kind")")" "$folder/data.new"
  mv "$folder/data.new" "$folder/data"
}

launch() {
  local folder=$1 kind options program=()
  kind=$(<"$folder/kind")
  local -n location=location_options_$kind
  mapfile -t options <"$folder/options"
  # A unix socket's path is at most 107 bytes; the servers cut a longer one short, silently.
  [ ${#folder} -le 100 ] || fail "the path '$folder' is too long for a unix socket; choose a shorter one"
  # A killed server leaves these, and MySQL takes a reused process id for a living owner.
  rm -f "$folder"/socket "$folder"/socket.lock
  mkdir -p "$folder/tmp"
  find_program "$kind" "$(daemon_of "$kind")"
  # A starting MariaDB removes temporary tables from its folder for them, whosever they are.
  setsid "${program[@]}" --no-defaults "${location[@]}" --datadir="$folder/data" \
    --tmpdir="$folder/tmp" \
    --socket="$folder/socket" --port="$(<"$folder/port")" --pid-file="$folder/server.pid" \
    "${options[@]}" >>"$folder/log" 2>&1 </dev/null 7>&- 9>&- &
  printf '%s\n' $! >"$folder/pid"
}

wait_until_ready() {
  local folder=$1 deadline=$((SECONDS + start_seconds_max))
  until answers "$folder"; do
    if ! kill -0 "$(<"$folder/pid")" 2>/dev/null; then
      tail -n 20 "$folder/log" >&2
      fail "the server in '$folder' ended while it was starting; its log is above"
    fi
    [ $SECONDS -lt $deadline ] || fail "the server in '$folder' did not answer within $start_seconds_max s; see $folder/log"
    sleep 0.1
  done
}

answers() {
  local program=()
  find_client "$1"
  "${program[@]}" --silent --execute='DO 1' >/dev/null 2>&1
}

# Sets `program` to the client of a server, with the words that connect it as dbferry.
find_client() {
  local folder=$1 kind
  kind=$(<"$folder/kind")
  find_program "$kind" "$(client_of "$kind")"
  program+=(--defaults-file="$folder/client.cnf")
  case $kind in
    mariadb) program+=(--plugin-dir="$(echo "$(root_of mariadb)"/usr/lib/*-linux-gnu/libmariadb3/plugin)") ;;
    # MySQL 9 knows \G, \. and the like only when told so.
    mysql) program+=(--commands) ;;
  esac
}

exec_client() {
  local folder program=()
  folder=$(instance_folder "$1")
  shift
  [ -e "$folder/client.cnf" ] || fail "the server in '$folder' was never started"
  find_client "$folder"
  exec "${program[@]}" "$@"
}

stop_instance() { end_instance "$1" TERM; }

kill_instance() { end_instance "$1" KILL; }

end_instance() {
  local folder=$1 signal=$2
  [ -d "$folder" ] || return 0
  (
    flock 9
    pid=$(running_pid "$folder") || exit 0
    kill -"$signal" "$pid"
    deadline=$((SECONDS + stop_seconds_max))
    until has_ended "$pid"; do
      [ $SECONDS -lt $deadline ] || fail "the server in '$folder' did not end within $stop_seconds_max s"
      sleep 0.05
    done
    rm -f "$folder/pid"
  ) 9>"$folder/lock"
}

# The command line of a process vanishes before its files are closed, and whoever stopped a
# server may unmount its disk next. Where nobody reaps orphans (a bare container) a finished
# process stays behind as a zombie; its last task is the leader.
has_ended() {
  [ -e "/proc/$1/stat" ] || return 0
  local tasks=("/proc/$1/task"/*)
  [ ${#tasks[@]} -eq 1 ] && grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

show_status() {
  local folder pid version program=()
  folder=$(instance_folder "$1")
  if ! pid=$(running_pid "$folder"); then
    printf '%-10s stopped\n' "$1"
  else
    find_client "$folder"
    version=$("${program[@]}" -NBe 'SELECT VERSION()' 2>/dev/null) || version="(not answering)"
    printf '%-10s running  %-28s port %s  pid %s\n' "$1" "$version" "$(<"$folder/port")" "$pid"
  fi
}

# fresh KIND DIR PORT [-- OPTION...]
start_fresh() {
  [ $# -ge 3 ] || fail "usage: servers fresh mariadb|mysql DIR PORT [-- OPTION...]"
  local kind=$1 folder=$2 port=$3
  shift 3
  [ "${1:-}" != -- ] || shift
  [ "$kind" = mariadb ] || [ "$kind" = mysql ] || fail "the kind of a server is mariadb or mysql, not '$kind'"
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  [ ! -e "$folder/data" ] || fail "'$folder' has a server already; use 'servers start $folder' or another folder"
  prepare_kind "$kind"
  [ "$port" != 0 ] || claim_port
  local -n size=fresh_size_$kind
  write_settings "$folder" "$kind" "$port" --server-id="$port" "${size[@]}" "${variant_options_a[@]}" "$@"
  start_instance "$folder"
  printf 'mysql://dbferry:dbferry@127.0.0.1:%s/\n' "$port"
}

# Sets `port` to one below the outgoing range on which nobody answers. Two servers that start
# at once must not choose the same: a lock holds the choice until this process ends, and by
# then the server answers.
claim_port() {
  mkdir -p "$state/ports"
  while :; do
    port=$((24000 + RANDOM % 8000))
    exec 7>"$state/ports/$port"
    flock -n 7 || continue
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
  done
}
