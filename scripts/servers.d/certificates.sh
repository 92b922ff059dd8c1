# shellcheck shell=bash disable=SC2154
# Certificates for TLS tests: a CA with a server and a client certificate, and a second,
# unrelated CA with a client certificate, for what must be refused.

make_certificates() {
  mkdir -p "$state"
  (
    flock 8
    [ -e "$state/tls/complete" ] && exit 0
    rm -rf "$state/tls"
    mkdir -p "$state/tls"
    cd "$state/tls" || exit
    make_authority ca "dbferry test CA"
    make_authority other-ca "unrelated test CA"
    # Names are in the subject alternative names only: clients that still fall back to the
    # common name would hide a missing check otherwise.
    make_certificate server ca "dbferry test server" \
      "subjectAltName=DNS:localhost,IP:127.0.0.1" "extendedKeyUsage=serverAuth"
    make_certificate client ca "dbferry test client" "extendedKeyUsage=clientAuth"
    make_certificate other-client other-ca "unrelated test client" "extendedKeyUsage=clientAuth"
    touch complete
  ) 8>"$state/tls.lock"
}

make_authority() {
  run_openssl req -x509 -newkey rsa:2048 -noenc -days 3650 -subj "/CN=$2" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$1-key.pem" -out "$1.pem"
}

# make_certificate NAME CA COMMON-NAME EXTENSION...
make_certificate() {
  local name=$1 authority=$2 common_name=$3
  shift 3
  run_openssl req -new -newkey rsa:2048 -noenc -subj "/CN=$common_name" \
    -keyout "$name-key.pem" -out "$name.csr"
  run_openssl x509 -req -days 3650 -in "$name.csr" -CA "$authority.pem" -CAkey "$authority-key.pem" \
    -CAcreateserial -extfile <(printf '%s\n' "$@") -out "$name.pem"
  rm "$name.csr"
}

# openssl tells its progress on stderr; only a failure is worth showing.
run_openssl() {
  openssl "$@" 2>openssl.log || { cat openssl.log >&2; return 1; }
}
