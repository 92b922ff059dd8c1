//! A server of one test's own, for settings that the shared ones must not have.

use std::path::PathBuf;
use std::process::Command;

use dbferry_core::EndpointAddress;
use dbferry_mysql::config::MySqlConfig;

/// Killed and removed at the end of the test.
pub(super) struct FreshServer {
    directory: PathBuf,
    pub(super) config: MySqlConfig,
}

impl FreshServer {
    /// Starts a server with these options.
    pub(super) fn start(kind: &str, test: &str, options: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("dbferry-{test}-{}", std::process::id()));
        let mut start = script();
        start
            .args(["fresh", kind])
            .arg(&directory)
            .args(["0", "--"])
            .args(options);
        let output = start.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let url = String::from_utf8(output.stdout).unwrap();
        let address = EndpointAddress::parse(url.trim()).unwrap();
        Self {
            directory,
            config: MySqlConfig::from_address(&address).unwrap(),
        }
    }
}

impl Drop for FreshServer {
    fn drop(&mut self) {
        let killed = script().arg("kill").arg(&self.directory).output();
        assert!(killed.is_ok(), "{killed:?}");
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn script() -> Command {
    Command::new(std::env::var("DBFERRY_TEST_SERVERS").unwrap())
}
