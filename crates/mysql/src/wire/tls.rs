//! TLS, with a provider and verifiers that are given explicitly.
//!
//! | mode | chain | name | proof that the server holds the key |
//! |---|---|---|---|
//! | preferred, required | no | no | yes, if the certificate is of a form that can be read |
//! | verify-ca | yes | no | yes |
//! | verify-identity | yes | yes | yes |
//!
//! The authorities are those of the `ca` file. Without one they are those of the operating system
//! rather than a list compiled in: database servers have certificates of private authorities, and
//! where an organisation has one it is installed in the system. Nothing is added to a `ca` file.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::{Error, Result};
use super::handshake::TlsSession;
use super::options::{ConnectOptions, TlsMode, TlsOptions};

/// The name that is used where none is checked and the host cannot be one.
const UNCHECKED_NAME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Performs the TLS handshake.
pub(super) async fn encrypt(
    stream: TcpStream,
    options: &ConnectOptions,
) -> Result<(TlsStream<TcpStream>, TlsSession)> {
    let config = client_config(&options.tls)?;
    let name = server_name(options)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(handshake_failed)?;
    let session = describe(&stream);
    Ok((stream, session))
}

/// Tells a handshake that one side refused from a connection that was lost during it, as when
/// the server dies: only the second is worth another attempt.
fn handshake_failed(error: std::io::Error) -> Error {
    Error::io_or_tls("the handshake failed", error)
}

fn describe(stream: &TlsStream<TcpStream>) -> TlsSession {
    let (_, session) = stream.get_ref();
    let version = session
        .protocol_version()
        .and_then(|version| version.as_str());
    let cipher = session
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str());
    TlsSession {
        version: version.unwrap_or("unknown").replace('_', "."),
        cipher: cipher.unwrap_or("unknown").to_owned(),
    }
}

fn server_name(options: &ConnectOptions) -> Result<ServerName<'static>> {
    let name = options.tls.server_name.as_ref().unwrap_or(&options.host);
    match ServerName::try_from(name.clone()) {
        Ok(name) => Ok(name),
        Err(_) if options.tls.mode != TlsMode::VerifyIdentity => Ok(UNCHECKED_NAME.into()),
        Err(error) => Err(Error::tls(
            format!("'{name}' is not a name a server can have"),
            error,
        )),
    }
}

fn client_config(options: &TlsOptions) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(options, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::tls("no protocol version is available", error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((certificates, key)) = &options.client_identity else {
        return Ok(builder.with_no_client_auth());
    };
    builder
        .with_client_auth_cert(read_certificates(certificates)?, read_key(key)?)
        .map_err(|error| Error::tls("the client certificate and key do not fit", error))
}

fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let chain = match options.mode {
        TlsMode::Disabled | TlsMode::Preferred | TlsMode::Required => {
            return Ok(Arc::new(AnyCertificate(provider.clone())));
        }
        TlsMode::VerifyCa | TlsMode::VerifyIdentity => {
            WebPkiServerVerifier::builder_with_provider(roots(options)?, provider.clone())
                .build()
                .map_err(|error| Error::tls("the authorities cannot be used", error))?
        }
    };
    Ok(match options.mode {
        TlsMode::VerifyIdentity => chain,
        _ => Arc::new(AnyName(chain)),
    })
}

fn roots(options: &TlsOptions) -> Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    match &options.ca {
        Some(path) => {
            for certificate in read_certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|error| bad_file(path, error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        let what = "no certificate authority is trusted: name a CA file, or install one";
        return Err(Error::Tls {
            what: what.into(),
            source: None,
        });
    }
    Ok(Arc::new(roots))
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| bad_file(path, error))?;
    if certificates.is_empty() {
        let what = format!("there is no certificate in '{}'", path.display());
        return Err(Error::Tls { what, source: None });
    }
    Ok(certificates)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| bad_file(path, error))
}

fn bad_file(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::tls(format!("'{}' cannot be used", path.display()), error)
}

/// Accepts every certificate, as long as the server proves that it holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        forgive_form(verify_tls12_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        forgive_form(verify_tls13_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Lets a certificate pass whose form cannot be read, while a wrong signature stays an error.
///
/// Certificates of X.509 version 1 have no extensions and are not accepted by any verifier of
/// rustls, but `mysql_ssl_rsa_setup` of MySQL 5.7 and the instructions of many manuals make them.
/// Nothing is lost where no chain is checked: whoever could use this could show a certificate of
/// his own as well.
fn forgive_form(
    result: Result<HandshakeSignatureValid, rustls::Error>,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    match result {
        Err(rustls::Error::InvalidCertificate(
            CertificateError::BadEncoding | CertificateError::Other(_),
        )) => Ok(HandshakeSignatureValid::assertion()),
        other => other,
    }
}

/// Checks the chain and forgives the name. The inner verifier looks at the name last, so an error
/// about it means that the chain is good.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self
            .0
            .verify_server_cert(certificate, intermediates, name, ocsp, now)
        {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_form_is_forgiven_and_a_wrong_signature_is_not() {
        let check = |error: CertificateError| {
            forgive_form(Err(rustls::Error::InvalidCertificate(error))).is_ok()
        };
        assert!(check(CertificateError::BadEncoding));
        assert!(!check(CertificateError::BadSignature));
        assert!(forgive_form(Err(rustls::Error::DecryptError)).is_err());
    }

    #[test]
    fn a_server_that_dies_during_the_handshake_is_worth_another_attempt() {
        use std::io::{Error as IoError, ErrorKind};
        let transient = |error| dbferry_core::Error::from(handshake_failed(error)).is_transient();
        assert!(transient(IoError::new(
            ErrorKind::UnexpectedEof,
            "tls handshake eof"
        )));
        assert!(transient(IoError::from(ErrorKind::ConnectionReset)));
        let refused = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(!transient(IoError::new(ErrorKind::InvalidData, refused)));
    }
}
