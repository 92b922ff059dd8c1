//! What can be done with tasks. The command line and the service use nothing else.
//!
//! Every method looks at the store first and writes by compare-and-swap, so any number of
//! processes may use one state directory at once. Only running and deleting a task take its
//! lease.

use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::state::StateStore;
use dbferry_core::{
    Capabilities, CatalogScope, Code, Error, Finding, Role, Source, Target, TaskId,
};
use dbferry_engine::{Ends, Limits, PlanSummary, Progress, Report, TaskSpec};
use dbferry_mapping::{TableMappings, TaskSettings};
use tokio_util::sync::CancellationToken;

use crate::endpoint::EndpointSpec;
use crate::lease::Leases;
use crate::lifecycle::{Event, Status};
use crate::progress::RunProgress;
use crate::report::StoredReport;
use crate::task::{
    NewTask, REGISTRY, Task, TaskOptions, progress_key, records_prefix, report_key, task_key,
};

/// Opens endpoints. The only place that knows which connector serves which address, and where a
/// password is to be had.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// Connects to a database that rows are read from.
    ///
    /// # Errors
    /// `EndpointInvalid`, and what the connection brings.
    async fn source(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Source>, Error>;

    /// Connects to a database that rows are written to.
    ///
    /// # Errors
    /// `EndpointInvalid`, and what the connection brings.
    async fn target(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Target>, Error>;
}

/// Tasks, and what can be done with them.
#[derive(Clone)]
pub struct TaskService {
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) leases: Leases,
    pub(crate) connectors: Arc<dyn Connectors>,
}

/// The means to watch a run and to end it.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// How far the run is.
    pub progress: Arc<Progress>,
    /// Stops the run cleanly.
    pub cancel: CancellationToken,
}

/// A task with the state in which it is shown.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// The task.
    pub task: Task,
    /// Its state, seen together with its lease.
    pub status: Status,
}

/// Everything that is known of a task.
#[derive(Debug, Clone)]
pub struct TaskDetails {
    /// The task and its state.
    pub view: TaskView,
    /// How far its last run is or was.
    pub progress: Option<RunProgress>,
    /// The result of its last run that came to its end.
    pub report: Option<Report>,
}

/// What an endpoint is, and whether it can serve.
#[derive(Debug, Clone)]
pub struct EndpointCheck {
    /// The database.
    pub capabilities: Capabilities,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

/// What a deletion leaves on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetLedger {
    /// What the target remembers of the task is removed; loaded rows stay.
    Remove,
    /// The target is not asked at all.
    Leave,
}

impl TaskService {
    /// A service over a store.
    pub fn new(
        store: Arc<dyn StateStore>,
        leases: Leases,
        connectors: Arc<dyn Connectors>,
    ) -> Self {
        Self {
            store,
            leases,
            connectors,
        }
    }

    /// Tests an endpoint for a role.
    ///
    /// # Errors
    /// What the connection brings; what the server answers are findings.
    pub async fn check(&self, endpoint: &EndpointSpec, role: Role) -> Result<EndpointCheck, Error> {
        let scope = CatalogScope::default();
        let (capabilities, findings) = match role {
            Role::Source => {
                let source = self.connectors.source(endpoint).await?;
                (
                    source.capabilities().clone(),
                    source.check(role, &scope).await?,
                )
            }
            Role::Target => {
                let target = self.connectors.target(endpoint).await?;
                (
                    target.capabilities().clone(),
                    target.check(role, &scope).await?,
                )
            }
        };
        Ok(EndpointCheck {
            capabilities,
            findings,
        })
    }

    /// Works out what a task would do. Changes nothing and remembers nothing.
    ///
    /// # Errors
    /// `MappingInvalid`, `SettingsInvalid`, `NoTableMatched`, and what the connections bring.
    pub async fn plan(&self, new: NewTask) -> Result<PlanSummary, Error> {
        let task = Task::new(new);
        let spec = task_spec(&task)?;
        let ends = self.connect(&task).await?;
        Ok(dbferry_engine::plan(&spec, &ends).await?.summary(&ends))
    }

    /// Remembers a new task, whose rules and settings are valid.
    ///
    /// # Errors
    /// `MappingInvalid`, `SettingsInvalid`, `TaskStateConflict` when a task of this name exists,
    /// `StateUnavailable`.
    pub async fn create(&self, new: NewTask) -> Result<Task, Error> {
        let mut task = Task::new(new);
        task_spec(&task)?;
        let tasks = self.tasks().await?;
        if let Some(name) = &task.name
            && let Some(other) = tasks.iter().find(|other| other.is_called(name))
        {
            return Err(
                Error::definite(Code::TaskStateConflict, "a task of this name exists")
                    .with_object(format!("task {}", other.handle))
                    .with_hint("choose another --name, or delete that task"),
            );
        }
        while tasks.iter().any(|other| other.handle == task.handle) {
            task.renew_identity();
        }
        self.store
            .put(&task_key(&task.id), &task.encode()?, None)
            .await?;
        Ok(task)
    }

    /// Every task, oldest first.
    ///
    /// # Errors
    /// `StateUnavailable`.
    pub async fn list(&self) -> Result<Vec<TaskView>, Error> {
        self.tasks()
            .await?
            .into_iter()
            .map(|task| self.view(task))
            .collect()
    }

    /// The task that `text` calls: by name, handle or identity, or by the beginning of handle or
    /// identity.
    ///
    /// # Errors
    /// `TaskMissing` when there is none or more than one, `StateUnavailable`.
    pub async fn find(&self, text: &str) -> Result<Task, Error> {
        let mut tasks = self.tasks().await?;
        if let Some(index) = tasks.iter().position(|task| task.is_called(text)) {
            return Ok(tasks.swap_remove(index));
        }
        tasks.retain(|task| task.begins_with(text));
        match tasks.len() {
            1 => Ok(tasks.remove(0)),
            0 => Err(missing(text)),
            _ => Err(ambiguous(text, &tasks)),
        }
    }

    /// Everything that is known of a task.
    ///
    /// # Errors
    /// `TaskMissing`, `StateUnavailable`.
    pub async fn show(&self, id: &TaskId) -> Result<TaskDetails, Error> {
        let (task, _) = self.load(id).await?;
        let (progress_key, report_key) = (progress_key(id), report_key(id));
        let progress = self.store.get(&progress_key).await?;
        let report = self.store.get(&report_key).await?;
        Ok(TaskDetails {
            view: self.view(task)?,
            progress: progress
                .map(|document| RunProgress::decode(&progress_key, &document.value))
                .transpose()?,
            report: report
                .map(|document| StoredReport::decode(&report_key, &document.value))
                .transpose()?
                .map(|stored| stored.report),
        })
    }

    /// Asks the process that runs a task to stop it. Returns at once.
    ///
    /// # Errors
    /// `TaskStateConflict` when no process runs it, `TaskMissing`, `StateUnavailable`.
    pub async fn stop(&self, id: &TaskId) -> Result<(), Error> {
        if !self.leases.is_held(id)? {
            return Err(
                Error::definite(Code::TaskStateConflict, "no process runs the task")
                    .with_object(format!("task {id}"))
                    .with_hint("see where it is with `dbferry status`"),
            );
        }
        self.update(id, |task| task.happens(Event::RequestStop))
            .await?;
        Ok(())
    }

    /// Forgets a task that does not run. Rows and objects on the target stay.
    ///
    /// # Errors
    /// `TaskLocked` while it runs, `TaskMissing`, `StateUnavailable`, and what the connection to
    /// the target brings. It can be repeated after each of them.
    pub async fn delete(&self, id: &TaskId, ledger: TargetLedger) -> Result<(), Error> {
        let (task, _) = self.load(id).await?;
        let lease = self.leases.acquire(id).await?;
        let target = match ledger {
            TargetLedger::Remove if self.has_begun(id).await? => {
                Some(self.connectors.target(&task.target).await?)
            }
            TargetLedger::Remove | TargetLedger::Leave => None,
        };
        self.update(id, |task| task.happens(Event::Delete)).await?;
        if let Some(target) = target {
            target.forget_task(id).await?;
        }
        for (key, document) in self.store.list(&records_prefix(id)).await? {
            self.store.delete(&key, document.revision).await?;
        }
        let (_, revision) = self.load(id).await?;
        self.store.delete(&task_key(id), revision).await?;
        lease.remove();
        Ok(())
    }

    /// Whether a run of the task has come so far that it may have changed the target.
    ///
    /// # Errors
    /// `StateUnavailable`.
    pub async fn has_begun(&self, id: &TaskId) -> Result<bool, Error> {
        let records = self
            .store
            .list(&format!("{}tables/", records_prefix(id)))
            .await?;
        Ok(!records.is_empty())
    }

    pub(crate) async fn connect(&self, task: &Task) -> Result<Ends, Error> {
        let (source, target) = tokio::try_join!(
            self.connectors.source(&task.source),
            self.connectors.target(&task.target),
        )?;
        Ok(Ends { source, target })
    }

    /// Reads a task with its revision.
    pub(crate) async fn load(&self, id: &TaskId) -> Result<(Task, u64), Error> {
        let key = task_key(id);
        let document = self.store.get(&key).await?.ok_or_else(|| missing(&id.0))?;
        Ok((Task::decode(&key, &document.value)?, document.revision))
    }

    /// Changes a task, again and again until nobody else changed it meanwhile.
    pub(crate) async fn update(
        &self,
        id: &TaskId,
        change: impl Fn(&mut Task) -> Result<(), Error>,
    ) -> Result<Task, Error> {
        loop {
            let (mut task, revision) = self.load(id).await?;
            change(&mut task)?;
            match self
                .store
                .put(&task_key(id), &task.encode()?, Some(revision))
                .await
            {
                Ok(_) => return Ok(task),
                Err(error) if error.code() == Code::StateConflict => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn tasks(&self) -> Result<Vec<Task>, Error> {
        let documents = self.store.list(REGISTRY).await?;
        documents
            .iter()
            .map(|(key, document)| Task::decode(key, &document.value))
            .collect()
    }

    fn view(&self, task: Task) -> Result<TaskView, Error> {
        let status = task.lifecycle.status(self.leases.is_held(&task.id)?);
        Ok(TaskView { task, status })
    }
}

/// What the engine is told of a task.
pub(crate) fn task_spec(task: &Task) -> Result<TaskSpec, Error> {
    let TaskOptions {
        accounts,
        memory_bytes,
    } = task.options;
    Ok(TaskSpec {
        id: task.id.clone(),
        mappings: TableMappings::parse(&task.mappings)?,
        settings: TaskSettings::parse(&task.settings)?.resolve(),
        accounts,
        memory_bytes,
        limits: Limits::default(),
    })
}

fn missing(text: &str) -> Error {
    Error::definite(Code::TaskMissing, format!("no task is called {text:?}"))
        .with_hint("`dbferry status` lists the tasks of this state directory")
}

fn ambiguous(text: &str, tasks: &[Task]) -> Error {
    let handles: Vec<_> = tasks.iter().map(|task| task.handle.as_str()).collect();
    Error::definite(
        Code::TaskMissing,
        format!(
            "{text:?} is the beginning of several tasks: {}",
            handles.join(", ")
        ),
    )
    .with_hint("write more of it")
}
