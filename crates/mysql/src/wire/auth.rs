//! Authentication, as a state machine without I/O.
//!
//! The greeting names a plugin and brings a nonce; [`Authenticator::begin`] makes the first
//! response from them. After it the server says OK, reports an error, switches to another plugin
//! with a new nonce, or sends more data that the plugin must answer.
//!
//! | plugin | first response | then |
//! |---|---|---|
//! | `mysql_native_password` | SHA-1 scramble | |
//! | `caching_sha2_password` | SHA-256 scramble | accepted from the server's cache, or the password: as it is when the transport is secure, else encrypted with the server's RSA key |
//! | `sha256_password` | the password over a secure transport, else a request for the RSA key | the password encrypted with the key |
//! | `client_ed25519` (MariaDB) | signature of the nonce | |
//! | `mysql_clear_password` | the password, when permitted and the transport is secure | |
//!
//! Secure means TLS or a Unix socket. The RSA key is taken from the server without proof that it
//! is the server's, as every client does by default; whoever fears an attacker who can alter
//! traffic uses [`super::TlsMode::VerifyIdentity`]. An empty password is never sent in any form.

use dbferry_core::Secret;
use mysql_common::auth::plugins::caching_sha2_password::scramble_sha256;
use mysql_common::auth::plugins::client_ed25519::ClientEd25519;
use mysql_common::auth::plugins::mysql_native_password::scramble_native;
use mysql_common::auth::plugins::{ChallengeResponsePlugin, Context};

use super::error::{Error, Result};
use super::handshake::trim_nonce;
use super::packet::{EOF, ERR, OK, Reader, parse_error, parse_ok};
use super::public_key::encrypt_password;

/// How many packets an authentication may take. The longest honest one, a switch followed by a
/// full `caching_sha2_password` exchange, takes five.
const STEPS_MAX: usize = 12;

/// What the client does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this and wait for an answer.
    Send(Vec<u8>),
    /// Wait for an answer.
    Wait,
    /// Authentication is complete.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Native,
    CachingSha2,
    Sha256,
    Ed25519,
    Clear,
}

impl Plugin {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "mysql_native_password" => Self::Native,
            "caching_sha2_password" => Self::CachingSha2,
            "sha256_password" => Self::Sha256,
            "client_ed25519" => Self::Ed25519,
            "mysql_clear_password" => Self::Clear,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Sha256 => "sha256_password",
            Self::Ed25519 => "client_ed25519",
            Self::Clear => "mysql_clear_password",
        }
    }
}

/// What the transport and the settings allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    /// Whether nobody can listen: TLS or a Unix socket.
    pub(super) secure: bool,
    /// Whether the user permitted `mysql_clear_password`.
    pub(super) cleartext: bool,
}

/// One authentication.
#[derive(Debug)]
pub(super) struct Authenticator<'a> {
    password: &'a Secret,
    policy: Policy,
    plugin: Plugin,
    nonce: Vec<u8>,
    steps: usize,
}

impl<'a> Authenticator<'a> {
    /// Chooses the plugin that the greeting named, or the oldest one when that is not known or
    /// would give the password away unasked; gives its name and first response.
    pub(super) fn begin(
        password: &'a Secret,
        policy: Policy,
        plugin: &str,
        nonce: &[u8],
    ) -> Result<(Self, &'static str, Vec<u8>)> {
        let plugin = match Plugin::from_name(plugin) {
            Some(known @ (Plugin::Native | Plugin::CachingSha2 | Plugin::Sha256)) => known,
            _ => Plugin::Native,
        };
        let machine = Self {
            password,
            policy,
            plugin,
            nonce: nonce.to_vec(),
            steps: 0,
        };
        let response = machine.first_response()?;
        Ok((machine, plugin.name(), response))
    }

    /// Takes a packet of the server.
    pub(super) fn step(&mut self, payload: &[u8]) -> Result<Step> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(Error::protocol("authentication does not come to an end"));
        }
        match payload.split_first() {
            Some((&OK, _)) => parse_ok(payload).map(|_| Step::Done),
            Some((&ERR, _)) => Err(parse_error(payload)),
            Some((&EOF, [])) => Err(unsupported("mysql_old_password")),
            Some((&EOF, request)) => self.switch(request).map(Step::Send),
            Some((0x01, data)) => self.more(data),
            _ => Err(Error::protocol("an unknown packet during authentication")),
        }
    }

    fn switch(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let mut reader = Reader(request);
        let name = String::from_utf8_lossy(reader.until_zero());
        self.plugin = Plugin::from_name(&name).ok_or_else(|| unsupported(&name))?;
        self.nonce = reader.0.to_vec();
        trim_nonce(&mut self.nonce);
        self.first_response()
    }

    fn first_response(&self) -> Result<Vec<u8>> {
        let password = self.password.expose().as_bytes();
        if password.is_empty() && self.plugin != Plugin::Ed25519 {
            return Ok(Vec::new());
        }
        match self.plugin {
            Plugin::Native => Ok(scramble_native(self.short_nonce()?, password)
                .into_iter()
                .flatten()
                .collect()),
            Plugin::CachingSha2 => Ok(scramble_sha256(self.short_nonce()?, password)
                .into_iter()
                .flatten()
                .collect()),
            Plugin::Sha256 if self.policy.secure => Ok(self.zero_ended_password()),
            Plugin::Sha256 => Ok(vec![0x01]),
            Plugin::Ed25519 => self.signature(),
            Plugin::Clear if self.policy.secure && self.policy.cleartext => {
                Ok(self.zero_ended_password())
            }
            Plugin::Clear => Err(Error::CleartextRefused),
        }
    }

    fn more(&self, data: &[u8]) -> Result<Step> {
        match (self.plugin, data) {
            (Plugin::CachingSha2, [0x03]) => Ok(Step::Wait),
            (Plugin::CachingSha2, [0x04]) if self.policy.secure => {
                Ok(Step::Send(self.zero_ended_password()))
            }
            (Plugin::CachingSha2, [0x04]) => Ok(Step::Send(vec![0x02])),
            (Plugin::CachingSha2 | Plugin::Sha256, key) if !self.policy.secure => {
                let nonce = self.short_nonce()?;
                encrypt_password(&self.zero_ended_password(), nonce, key).map(Step::Send)
            }
            _ => Err(Error::protocol("unexpected data during authentication")),
        }
    }

    fn short_nonce(&self) -> Result<&[u8; 20]> {
        <&[u8; 20]>::try_from(&self.nonce[..])
            .map_err(|_| Error::protocol("the nonce does not have 20 bytes"))
    }

    fn zero_ended_password(&self) -> Vec<u8> {
        let mut bytes = self.password.expose().as_bytes().to_vec();
        bytes.push(0);
        bytes
    }

    fn signature(&self) -> Result<Vec<u8>> {
        match ClientEd25519::default().run(PasswordContext(self.password), &self.nonce) {
            Ok(response) => Ok(response.data().unwrap_or_default().to_vec()),
            Err(_) => Err(Error::protocol("the nonce does not have 32 bytes")),
        }
    }
}

fn unsupported(name: &str) -> Error {
    Error::AuthPluginUnsupported {
        name: name.to_owned(),
    }
}

/// What `mysql_common`'s plugin wants to know; the Ed25519 one asks for the password alone.
struct PasswordContext<'a>(&'a Secret);

impl Context for PasswordContext<'_> {
    fn pass(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
    fn is_ipc_transport(&self) -> bool {
        false
    }
    fn is_tls_transport(&self) -> bool {
        false
    }
    fn scramble(&self) -> &[u8] {
        &[]
    }
    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &[u8] = b"abcdefghijklmnopqrst";
    const OK_PACKET: &[u8] = b"\x00\x00\x00\x02\x00\x00\x00";

    const OPEN: Policy = Policy {
        secure: false,
        cleartext: true,
    };
    const SECURE: Policy = Policy {
        secure: true,
        cleartext: false,
    };

    fn begin<'a>(password: &'a Secret, policy: Policy, plugin: &str) -> Authenticator<'a> {
        Authenticator::begin(password, policy, plugin, NONCE)
            .unwrap()
            .0
    }

    #[test]
    fn fast_caching_sha2_ends_with_ok() {
        let secret = Secret::new("pw");
        let (mut machine, name, response) =
            Authenticator::begin(&secret, OPEN, "caching_sha2_password", NONCE).unwrap();
        assert_eq!((name, response.len()), ("caching_sha2_password", 32));
        assert_eq!(machine.step(b"\x01\x03").unwrap(), Step::Wait);
        assert_eq!(machine.step(OK_PACKET).unwrap(), Step::Done);
    }

    #[test]
    fn full_caching_sha2_sends_the_password_only_over_a_secure_transport() {
        let secret = Secret::new("pw");
        let step = begin(&secret, SECURE, "caching_sha2_password")
            .step(b"\x01\x04")
            .unwrap();
        assert_eq!(step, Step::Send(b"pw\0".to_vec()));
        let step = begin(&secret, OPEN, "caching_sha2_password")
            .step(b"\x01\x04")
            .unwrap();
        assert_eq!(step, Step::Send(vec![0x02]));
    }

    #[test]
    fn a_switch_takes_the_new_nonce() {
        let secret = Secret::new("pw");
        let mut machine = begin(&secret, OPEN, "caching_sha2_password");
        let Step::Send(response) = machine
            .step(b"\xfemysql_native_password\x00ABCDEFGHIJKLMNOPQRST\x00")
            .unwrap()
        else {
            panic!("a switch is answered");
        };
        let expected = scramble_native(b"ABCDEFGHIJKLMNOPQRST", b"pw").unwrap();
        assert_eq!(response, expected);
    }

    #[test]
    fn the_clear_password_needs_permission_and_a_secure_transport() {
        let secret = Secret::new("pw");
        let request = b"\xfemysql_clear_password\x00";
        let check = |policy| begin(&secret, policy, "mysql_native_password").step(request);
        assert!(matches!(check(OPEN), Err(Error::CleartextRefused)));
        assert!(matches!(check(SECURE), Err(Error::CleartextRefused)));
        let permitted = Policy {
            secure: true,
            cleartext: true,
        };
        assert_eq!(check(permitted).unwrap(), Step::Send(b"pw\0".to_vec()));
    }

    #[test]
    fn unknown_plugins_are_named() {
        let secret = Secret::new("pw");
        let mut machine = begin(&secret, OPEN, "mysql_native_password");
        match machine.step(b"\xfedialog\x00abc") {
            Err(Error::AuthPluginUnsupported { name }) => assert_eq!(name, "dialog"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn malformed_packets_are_errors() {
        let secret = Secret::new("pw");
        for packet in [
            &b""[..],
            b"\x05",
            b"\x00",
            b"\xff",
            b"\x01",
            b"\x01\x04\x04",
            b"\xfecaching_sha2_password\x00short\x00",
            b"\xfeclient_ed25519\x00short",
        ] {
            let result = begin(&secret, OPEN, "caching_sha2_password").step(packet);
            assert!(
                matches!(result, Err(Error::Protocol { .. })),
                "{packet:?}: {result:?}"
            );
        }
    }

    #[test]
    fn endless_switching_is_stopped() {
        let secret = Secret::new("pw");
        let mut machine = begin(&secret, OPEN, "mysql_native_password");
        let request = b"\xfemysql_native_password\x00ABCDEFGHIJKLMNOPQRST\x00";
        assert!((0..100).any(|_| machine.step(request).is_err()));
    }
}
