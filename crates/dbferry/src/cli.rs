//! The command line: commands, arguments and their help, in clap's words.
//!
//! Help texts are the manual that people read first: `dbferry help migrate` teaches the command,
//! and shell completions and man pages are generated from the same words. What the arguments
//! come to is decided elsewhere; nothing here does anything.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::size::ByteSize;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0    done, and complete
  1    an error; what was done so far is kept, and `dbferry resume` goes on
  2    the command line was not understood
  3    some tables or objects did not get across; the report names them
  4    stopped on request; `dbferry resume` goes on
  5    a finding forbids the task (plan, check)
  130  aborted by a second Ctrl-C

Every error has a code such as DF1002; docs/errors has a page for each.";

/// Moves a database to another server, and proves that nothing was lost.
///
/// One command copies schema, rows, indexes, foreign keys, views, routines and triggers, and ends
/// with an inventory of both sides. It can be stopped or killed at any point and goes on where it
/// was.
#[derive(Debug, Parser)]
#[command(name = "dbferry", version, styles = STYLES, after_long_help = EXIT_CODES)]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Print JSON on standard output instead of text
    ///
    /// Commands that run a task print one JSON object per line: `started`, `progress` once a
    /// second, then `report` or `error`. All others print one document. docs/cli.md describes
    /// the shapes.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Show no progress bars; print a line every few seconds instead
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,

    /// Keep tasks and their state in this directory
    ///
    /// Default: dbferry in $XDG_STATE_HOME, or ~/.local/state/dbferry.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "DBFERRY_STATE_DIR",
        hide_env_values = true
    )]
    pub(crate) state_dir: Option<PathBuf>,

    /// How much to log on standard error: error, warn, info, debug, trace, or a filter
    ///
    /// A filter names modules, such as `warn,dbferry_mysql=debug`.
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "DBFERRY_LOG",
        default_value = "error",
        hide_env_values = true
    )]
    pub(crate) log_level: String,

    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Migrate a database: schema, rows, and everything that depends on them
    ///
    /// Creates a task and runs it. The target must not hold rows in the tables concerned, unless
    /// --table-preparation says what happens to them.
    ///
    /// Ctrl-C stops cleanly: chunks in flight are finished, and `dbferry resume` goes on.
    #[command(after_long_help = MIGRATE_EXAMPLES)]
    Migrate(Migrate),

    /// Show what `migrate` would do, and change nothing
    ///
    /// Prints the matched tables, how they are cut and prepared, the statements that would run
    /// on the target, and every finding. It is an error when no table matches.
    Plan(Plan),

    /// Test an endpoint, and say what is missing and how to mend it
    Check(Check),

    /// List tasks, or show one
    Status(Status),

    /// Go on with a task that was stopped, was interrupted, or failed
    ///
    /// What is loaded stays; no chunk is loaded twice. Passwords are asked for where the first
    /// run got them.
    Resume(Resume),

    /// Ask the process that runs a task to stop cleanly
    Stop {
        #[command(flatten)]
        task: TaskName,
    },

    /// Forget a task that does not run
    ///
    /// Rows and objects on the target stay. What the target remembers of the task is removed,
    /// for which the target is connected.
    Delete(Delete),

    /// Make a sample shop and migrate it, to see dbferry at work
    Demo(Demo),

    /// Print the completion script of a shell
    ///
    /// For bash: `dbferry completions bash > ~/.local/share/bash-completion/completions/dbferry`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Print the manual page, or write the pages of all commands into a directory
    Man {
        /// Write dbferry.1 and one page per command here
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

const MIGRATE_EXAMPLES: &str = "\
Addresses:
  mysql://USER@HOST:PORT/DATABASE     MySQL, MariaDB, Aurora MySQL; without DATABASE all of them
  sqlite:PATH                         a SQLite file

Passwords:
  DBFERRY_SOURCE_PASSWORD and DBFERRY_TARGET_PASSWORD, a file, or a prompt; USER:@HOST means none.

Examples:
  dbferry migrate mysql://app@old/shop mysql://admin@new/
  dbferry migrate mysql://app@old/ mysql://admin@new/ --tables 'shop.*' --exclude 'shop.tmp_*'
  dbferry migrate mysql://app@old/ mysql://admin@new/ --tables shop --rename shop=store
  dbferry migrate sqlite:shop.db mysql://admin@new/shop --parallel 4";

/// The heading of options about how rows are loaded.
const LOADING: &str = "Loading";

/// The memory that rows in transit take unless the user says otherwise; `128MiB` in the help.
pub(crate) const MEMORY_DEFAULT: ByteSize = ByteSize(128 << 20);

/// What a task is made of.
#[derive(Debug, Args)]
pub(crate) struct TaskArguments {
    /// Where rows come from, such as mysql://user@host/database or sqlite:file
    pub(crate) source: String,

    /// Where rows go to
    pub(crate) target: String,

    #[command(flatten)]
    pub(crate) choices: Choices,
}

/// How a task is done.
#[derive(Debug, Args)]
pub(crate) struct Choices {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// AWS DMS task settings, a JSON file (docs/settings.md)
    #[arg(long, value_name = "FILE", help_heading = LOADING)]
    pub(crate) settings: Option<PathBuf>,

    /// What happens to a table that exists on the target
    #[arg(long, value_name = "WHAT", help_heading = LOADING)]
    pub(crate) table_preparation: Option<TablePreparation>,

    /// Load with this many connections at once [default: one per core, from 2 to 8]
    #[arg(long, value_name = "N", help_heading = LOADING, value_parser = clap::value_parser!(u32).range(1..=49))]
    pub(crate) parallel: Option<u32>,

    /// The memory that rows in transit may take
    #[arg(long, value_name = "SIZE", help_heading = LOADING, default_value = "128MiB")]
    pub(crate) memory: ByteSize,

    /// Take accounts and their grants along
    #[arg(long, help_heading = "Selection")]
    pub(crate) users: bool,

    #[command(flatten)]
    pub(crate) passwords: PasswordFiles,
}

/// Which tables take part, and what they become.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Selection {
    /// Only these tables: SCHEMA.TABLE or SCHEMA, with * as wildcard; repeat or separate by commas
    ///
    /// `shop` means `shop.*`. Default: the database that the source address names, else all.
    #[arg(long, value_name = "PATTERN", conflicts_with = "mappings")]
    pub(crate) tables: Vec<String>,

    /// Leave these tables out
    #[arg(long, value_name = "PATTERN", conflicts_with = "mappings")]
    pub(crate) exclude: Vec<String>,

    /// Rename a schema or table: shop=store, or shop.users=app.people
    #[arg(long, value_name = "OLD=NEW", conflicts_with = "mappings")]
    pub(crate) rename: Vec<String>,

    /// AWS DMS table mappings, a JSON file (docs/mappings.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) mappings: Option<PathBuf>,
}

/// Files that hold passwords.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Passwords")]
pub(crate) struct PasswordFiles {
    /// Read the source's password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) source_password_file: Option<PathBuf>,

    /// Read the target's password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) target_password_file: Option<PathBuf>,
}

/// What happens to a table that exists on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TablePreparation {
    /// Use an empty table; refuse to run when one holds rows. The default
    Refuse,
    /// Load into it as it is
    DoNothing,
    /// Empty it first
    Truncate,
    /// Drop and create it
    DropAndCreate,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// A name to call the task by
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) task: TaskArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Leave the statements out
    #[arg(long)]
    pub(crate) brief: bool,

    #[command(flatten)]
    pub(crate) task: TaskArguments,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The endpoint's address
    pub(crate) url: String,

    /// Only check what this role needs [default: both]
    #[arg(long)]
    pub(crate) role: Option<Role>,

    /// Read the password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// The part that an endpoint plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Rows come from it.
    Source,
    /// Rows go to it.
    Target,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// A task: its name, its handle, or the beginning of its handle
    pub(crate) task: Option<String>,

    /// Watch until the task ends
    #[arg(long, requires = "task")]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TaskName {
    /// The task: its name, its handle, or the beginning of its handle
    pub(crate) task: String,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) task: TaskName,

    #[command(flatten)]
    pub(crate) passwords: PasswordFiles,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(crate) task: TaskName,

    /// Do not connect to the target; leave there what it remembers of the task
    #[arg(long)]
    pub(crate) local_only: bool,

    /// Read the target's password from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) target_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The databases to use; for servers --source and --target are needed
    #[arg(long, value_enum, default_value = "sqlite")]
    pub(crate) engine: DemoEngine,

    /// Where the files of the demo go, its tasks included [default: dbferry-demo in the temporary
    /// directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// The server to make the shop on
    #[arg(long, value_name = "URL", required_if_eq_any([("engine", "mariadb"), ("engine", "mysql")]))]
    pub(crate) source: Option<String>,

    /// The server to migrate it to
    #[arg(long, value_name = "URL", required_if_eq_any([("engine", "mariadb"), ("engine", "mysql")]))]
    pub(crate) target: Option<String>,

    /// The database of the demo on servers; it is dropped on both and made on the source
    ///
    /// The name begins with dbferry_demo, so that no other database is ever dropped.
    #[arg(long, value_name = "NAME", default_value = "dbferry_demo_shop", value_parser = demo_database)]
    pub(crate) database: String,

    #[command(flatten)]
    pub(crate) passwords: PasswordFiles,
}

/// Accepts the name of a database that may be dropped.
fn demo_database(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.starts_with("dbferry_demo") && name.len() <= 64 && name.chars().all(plain) {
        true => Ok(name.into()),
        false => Err("write dbferry_demo and further small letters, digits or underscores".into()),
    }
}

/// The databases of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoEngine {
    /// Two SQLite files
    Sqlite,
    /// Two MariaDB servers
    Mariadb,
    /// Two MySQL servers
    Mysql,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_default_in_the_help_is_the_one_of_the_demo() {
        let cli = Cli::parse_from(["dbferry", "migrate", "a", "b"]);
        let Command::Migrate(migrate) = cli.command else {
            panic!("another command")
        };
        assert_eq!(migrate.task.choices.memory, MEMORY_DEFAULT);
    }
}
