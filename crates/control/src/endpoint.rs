//! What a task remembers of its endpoints: where they are, and where their passwords came from.
//!
//! Passwords themselves are never stored. A task that is resumed asks the same place again.

use std::fmt;
use std::path::PathBuf;

use dbferry_core::address::EndpointAddress;
use dbferry_core::{Code, Error};
use serde::{Deserialize, Serialize};

/// One end of a task, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// The address, without its password.
    #[serde(with = "address_text")]
    pub address: EndpointAddress,
    /// Where the password comes from.
    pub password: PasswordPlace,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PasswordPlace {
    /// None is needed.
    Nowhere,
    /// It stood in the address. It is not kept, so a later process needs another place.
    Address,
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// The first line of a file.
    File {
        /// Its absolute path.
        path: PathBuf,
    },
    /// A person typed it.
    Prompt,
}

impl EndpointSpec {
    /// Describes an endpoint. A password in the address is left out.
    pub fn new(mut address: EndpointAddress, password: PasswordPlace) -> Self {
        address.password = None;
        Self { address, password }
    }
}

impl fmt::Display for EndpointSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

mod address_text {
    use super::{Code, EndpointAddress, Error};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        address: &EndpointAddress,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<EndpointAddress, D::Error> {
        let text = String::deserialize(deserializer)?;
        let address = EndpointAddress::parse(&text);
        match address {
            Ok(address) if address.password.is_none() => Ok(address),
            Ok(_) => Err(Error::definite(Code::StateUnavailable, "a stored password")),
            Err(error) => Err(error),
        }
        .map_err(serde::de::Error::custom)
    }
}
