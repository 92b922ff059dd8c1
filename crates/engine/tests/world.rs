//! A source, a target and a store in memory, and runs between them.

use std::sync::Arc;

use dbferry_core::catalog::TableSize;
use dbferry_core::{Error, TableName, TaskId};
use dbferry_engine::{Ends, Limits, Progress, Report, Run, TaskSpec, run};
use dbferry_mapping::{ResolvedSettings, TableMappings};
use dbferry_testbed::memory::{MemoryDatabase, Row};
use dbferry_testbed::state::MemoryStore;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) source: MemoryDatabase,
    pub(crate) target: MemoryDatabase,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) spec: TaskSpec,
    pub(crate) progress: Arc<Progress>,
    pub(crate) cancel: CancellationToken,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            source: MemoryDatabase::new("source"),
            target: MemoryDatabase::new("target"),
            store: Arc::default(),
            spec: TaskSpec {
                id: TaskId("task".to_owned()),
                mappings: TableMappings::parse(EVERYTHING).unwrap(),
                settings: ResolvedSettings::default(),
                accounts: false,
                memory_bytes: 64 << 20,
                // Small enough that a few hundred rows cross every boundary.
                limits: Limits {
                    batch_bytes: 64,
                    chunk_bytes: 300,
                    commit_bytes: 200,
                    segment_bytes_min: 200,
                    small_table_bytes: 100,
                    ..Limits::default()
                },
            },
            progress: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// A world with tables of every kind: cut into segments, in one piece, without a key, on an
    /// engine that does not roll back, and empty.
    pub(crate) fn with_tables() -> Self {
        let world = Self::new();
        for (name, keyed, rows) in [
            ("large", true, 300),
            ("small", true, 20),
            ("keyless", false, 60),
            ("heap", true, 50),
            ("empty", true, 0),
        ] {
            world.source.add_table(&table(name), keyed, rows_of(rows));
        }
        world.source.claim_size(
            &table("large"),
            TableSize {
                rows: 300,
                data_bytes: 3000,
                index_bytes: 0,
            },
        );
        world
    }

    pub(crate) fn run(&self) -> impl Future<Output = Result<Report, Error>> + use<> {
        run(Run {
            spec: self.spec.clone(),
            ends: Ends {
                source: Arc::new(self.source.clone()),
                target: Arc::new(self.target.clone()),
            },
            store: Arc::clone(&self.store) as _,
            progress: Arc::clone(&self.progress),
            cancel: self.cancel.clone(),
        })
    }

    /// Makes ready for another run.
    pub(crate) fn resume(&mut self) {
        self.cancel = CancellationToken::new();
        self.progress = Arc::default();
    }

    pub(crate) fn assert_equal(&self) {
        for name in ["large", "small", "keyless", "heap", "empty"] {
            let name = table(name);
            assert_eq!(self.target.rows(&name), self.source.rows(&name), "{name}");
        }
    }
}

pub(crate) fn table(name: &str) -> TableName {
    TableName::new("shop", name)
}

pub(crate) fn rows_of(count: usize) -> Vec<Row> {
    (0..count)
        .map(|number| {
            let value = (number % 3 != 0).then(|| vec![b'x'; number % 17]);
            vec![Some(format!("{number:06}").into_bytes()), value]
        })
        .collect()
}

const EVERYTHING: &str = r#"{"rules": [{
    "rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
    "object-locator": {"schema-name": "shop", "table-name": "%"}
}]}"#;
