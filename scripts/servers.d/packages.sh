# shellcheck shell=bash disable=SC2154
# Server packages, unpacked into a private root per kind.
#
# MariaDB comes from the Debian release in use, Oracle's MySQL from Debian unstable, the only
# suite that has it. Nothing is installed into the system: apt resolves against an empty status
# file, so that every library down to libc comes along, and the programs run through the loader
# of their own root. That needs no root rights, cannot start a daemon, cannot clash with a
# MariaDB of the system, and lets unstable's libc live beside the release's.

mariadb_packages=(mariadb-server mariadb-client)
mysql_packages=(mysql-server-core mysql-client-core)

root_of() { printf '%s' "$state/packages/$1/root"; }

# Fetches and unpacks the packages of a kind, once.
install_packages() {
  local kind=$1
  local folder=$state/packages/$kind
  mkdir -p "$folder"
  (
    flock 8
    [ -e "$folder/complete" ] && exit 0
    command -v apt-get >/dev/null || fail "the test servers come from Debian packages; there is no apt-get here"
    say "servers: fetching packages of $kind"
    write_apt_state "$kind" "$folder/apt"
    download_packages "$kind" "$folder/apt"
    unpack_packages "$folder/apt/cache/archives" "$folder/root"
    touch "$folder/complete"
  ) 8>"$folder/lock"
}

write_apt_state() {
  local kind=$1 apt=$2
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  "sources_of_$kind" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Install-Recommends "false";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
CONF
}

# The archive's mirror and suites are whatever this system uses already.
debian_targets() {
  local targets
  targets=$(apt-get indextargets --format "$1" 'Created-By: Packages' 'Origin: Debian' 'Component: main')
  [ -n "$targets" ] || fail "apt knows no Debian archive; run 'apt-get update' first"
  printf '%s\n' "$targets"
}

source_line() {
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$1" "$2"
}

sources_of_mariadb() {
  local mirror suite targets
  # shellcheck disable=SC2016 # the placeholders are apt's
  targets=$(debian_targets '$(REPO_URI) $(CODENAME)') || exit 1
  while read -r mirror suite; do
    source_line "$mirror" "$suite"
  done <<<"$targets"
}

# The release's own line names the main archive; the security archive has no unstable.
sources_of_mysql() {
  local mirror suite targets
  # shellcheck disable=SC2016
  targets=$(debian_targets '$(REPO_URI) $(CODENAME)') || exit 1
  while read -r mirror suite; do
    case $suite in
      *-*) ;;
      *) source_line "$mirror" sid; return ;;
    esac
  done <<<"$targets"
  fail "apt has no main Debian archive among its sources"
}

download_packages() {
  local -n packages=${1}_packages
  local log=$2/apt.log
  export APT_CONFIG=$2/apt.conf
  if ! { apt-get -qq update && apt-get -qq -y --download-only install "${packages[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    fail "apt could not fetch the packages of $1"
  fi
}

# Libraries, data and programs; the rest of the closure (perl, debconf and so on) is only there
# because the packages' installation scripts would want it.
unpack_packages() {
  local archives=$1 root=$2 package
  rm -rf "$root"
  mkdir -p "$root"
  for package in "$archives"/{lib,zlib,mysql-,mariadb-}*.deb; do
    case ${package##*/} in *perl* | *'*'*) continue ;; esac
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner
  done
}

# Sets `program` to the words that run a program of a kind's root: the loader, then the program.
find_program() {
  local root path loader libraries
  root=$(root_of "$1")
  for path in "$root"/usr/{sbin,bin}/"$2" "$root/$2"; do
    [ -x "$path" ] && break
  done
  for loader in "$root"/{usr/lib,lib}/*-linux-gnu/ld-linux-*.so.*; do
    [ -e "$loader" ] && break
  done
  libraries=$(printf '%s:' "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu)
  program=("$loader" --library-path "${libraries%:}" "$path")
}
