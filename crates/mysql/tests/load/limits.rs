//! Values at and beyond the servers' limits.

use dbferry_core::{CellForm, Chunk, Code, RowBatch, TableReader as _};
use dbferry_mysql::config::LocalInfile;
use dbferry_mysql::sessions::Sessions;
use dbferry_mysql::snapshot::reader::Reader;

use super::Fixture;
use super::fresh::FreshServer;
use crate::values::copy::read_of;

/// The limit of the server is met by `INSERT` alone; `LOAD DATA` has none.
#[tokio::test]
async fn a_row_beyond_the_packet_is_named() {
    let server = FreshServer::start("mariadb", "packet", &["--max-allowed-packet=1M"]);
    let large = "x".repeat(1_500_000);
    for (path, fits) in [(LocalInfile::Auto, true), (LocalInfile::Off, false)] {
        let mut config = server.config.clone();
        config.local_infile = path;
        let sessions = Sessions::connect(config).await.unwrap();
        let columns = "id INT PRIMARY KEY, a LONGTEXT";
        let mut fixture = Fixture::with(sessions, "packet", columns).await;
        let rows: [&[Option<&str>]; 2] = [&[Some("1"), Some("a")], &[Some("2"), Some(&large)]];
        match fixture.load_rows(&rows).await {
            Ok(()) => assert!(fits),
            Err(error) => {
                assert!(!fits, "{}", error.report());
                assert_eq!(error.code(), Code::PacketTooLarge);
                assert_eq!(error.object(), Some("dbferry_l_packet.t row id=2"));
                assert!(error.hint().unwrap().contains("max_allowed_packet"));
            }
        }
        fixture.drop().await;
    }
}

/// A server that forbids `LOAD DATA LOCAL` gets `INSERT`.
#[tokio::test]
async fn a_server_without_local_infile_is_loaded_all_the_same() {
    for kind in ["mariadb", "mysql"] {
        let server = FreshServer::start(kind, "no-infile", &["--local-infile=OFF"]);
        let sessions = Sessions::connect(server.config.clone()).await.unwrap();
        let mut fixture = Fixture::with(sessions, "no_infile", "id INT PRIMARY KEY").await;
        fixture
            .load_rows(&[&[Some("1")], &[Some("2")]])
            .await
            .unwrap();
        assert_eq!(fixture.content().await, "1,2", "{kind}");
    }
}

/// Text beyond the server's packet limit goes in and comes back whole, converted or not.
#[tokio::test]
async fn text_beyond_the_packet_is_converted_whole() {
    for kind in ["mariadb", "mysql"] {
        let server = FreshServer::start(kind, "convert", &["--max-allowed-packet=1M"]);
        let sessions = Sessions::connect(server.config.clone()).await.unwrap();
        let columns = "id INT PRIMARY KEY, a LONGTEXT CHARACTER SET latin1, \
            b LONGTEXT CHARACTER SET utf8mb4";
        let mut fixture = Fixture::with(sessions, "convert", columns).await;
        let long = "ä?".repeat(1_000_000);
        let load = fixture.load_text();
        let row: [&[Option<&str>]; 1] = [&[Some("1"), Some(&long), Some(&long)]];
        fixture.load_as(&load, &row).await.unwrap();
        let read = read_of(&fixture.table, CellForm::Canonical);
        let mut reader = Reader::connect(&fixture.sessions).await.unwrap();
        let mut back = RowBatch::new(3);
        reader
            .open(&std::sync::Arc::new(read), &Chunk::default())
            .await
            .unwrap();
        reader.fetch(&mut back, usize::MAX).await.unwrap();
        for column in [1, 2] {
            let cell = back.cell(0, column);
            assert!(
                cell == Some(long.as_bytes()),
                "{kind} {column} {:?}",
                cell.map(<[u8]>::len)
            );
        }
    }
}
