//! Whom to trust. The crypto provider is handed over as a value: a global one belongs to the binary.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use rustls_platform_verifier::Verifier;

use crate::options::{Options, Roots, TransportConfigError};

/// Makes the client's side of TLS.
pub(crate) fn client_config(options: &Options) -> Result<Arc<ClientConfig>, TransportConfigError> {
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let extra = extra_roots(options)?;
    let builder = ClientConfig::builder_with_provider(crypto.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(TransportConfigError::Tls)?;
    let mut config = match options.roots {
        Roots::Platform => {
            let verifier =
                Verifier::new_with_extra_roots(extra, crypto).map_err(TransportConfigError::Roots)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
        Roots::Bundled => {
            let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            store.add_parsable_certificates(extra);
            builder.with_root_certificates(store).with_no_client_auth()
        }
    };
    config.alpn_protocols =
        if options.http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok(Arc::new(config))
}

fn extra_roots(options: &Options) -> Result<Vec<CertificateDer<'static>>, TransportConfigError> {
    let mut all = Vec::new();
    for path in &options.extra_roots {
        let unusable = |reason: String| TransportConfigError::ExtraRoots { path: path.clone(), reason };
        let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
        let before = all.len();
        for certificate in found {
            all.push(certificate.map_err(|error| unusable(error.to_string()))?);
        }
        if all.len() == before {
            return Err(unusable("it holds no certificate".to_owned()));
        }
    }
    Ok(all)
}
