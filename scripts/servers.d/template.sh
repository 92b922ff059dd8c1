# shellcheck shell=bash disable=SC2154
# Initialised data folders, one per kind, that new servers start from by copying:
# a copy takes a fraction of a second where the initialisation takes ten.

# The name changes with the packages and with the users, so that an old template is never reused.
template_of() {
  local version
  version=$(cd "$state/packages/$1/apt/cache/archives" && printf '%s ' "$1"-server-core_*.deb)
  printf '%s' "$state/templates/$1-$(printf '%s' "$version" | cat - "$parts/users-$1.sql" | sha256sum | cut -c1-12)"
}

make_template() {
  local kind=$1 template
  template=$(template_of "$kind")
  mkdir -p "$state/templates"
  (
    flock 8
    [ -d "$template" ] && exit 0
    say "servers: initialising a data folder of $kind"
    rm -rf "$template.new"
    if ! "initialise_$kind" "$template.new" >"$template.log" 2>&1; then
      cat "$template.log" >&2
      fail "could not initialise a data folder of $kind"
    fi
    mv "$template.new" "$template"
  ) 8>"$state/templates/$kind.lock"
}

# Smallest logs: the server resizes them at its first start.
initialise_mysql() {
  find_program mysql mysqld
  "${program[@]}" --no-defaults "${location_options_mysql[@]}" --initialize-insecure \
    --datadir="$1" --init-file="$parts/users-mysql.sql" --innodb-redo-log-capacity=8M || return
  # Each server makes its own identity and its own keys.
  rm -f "$1"/auto.cnf "$1"/*.pem
}

# What mariadb-install-db does; the script itself insists on running programs without a loader.
initialise_mariadb() {
  local sql
  sql=$(root_of mariadb)/usr/share/mysql
  find_program mariadb mariadbd
  mkdir -p "$1"
  {
    # The bootstrap reads a statement per line.
    printf '%s;\n' 'CREATE DATABASE mysql' 'USE mysql' 'SET @auth_root_socket = NULL'
    # Without the lines that would make users named after this machine.
    sed '/@current_hostname/d' "$sql"/mysql_system_tables.sql "$sql"/mysql_performance_tables.sql \
      "$sql"/mysql_system_tables_data.sql "$sql"/fill_help_tables.sql \
      "$sql"/maria_add_gis_sp_bootstrap.sql "$sql"/mysql_sys_schema.sql "$parts/users-mariadb.sql"
  } | "${program[@]}" --no-defaults "${location_options_mariadb[@]}" --bootstrap --datadir="$1" \
    --max-allowed-packet=8M --innodb-log-file-size=8M --plugin-load-add=auth_ed25519
}
