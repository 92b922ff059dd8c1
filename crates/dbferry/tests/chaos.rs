//! The crash test: a migration between two servers, any of the three processes of which is killed
//! at random moments, over and over.
//!
//! One migration goes like this:
//!
//! 1. dbferry is started, or resumed where a task is left from before.
//! 2. At a random moment (a step of the load, a number of committed rows) something is struck:
//!    dbferry is killed, or a server, or both, or dbferry is interrupted as by Ctrl-C. A server
//!    comes back after a while; dbferry may live through that, or end with a transient error.
//! 3. All the while the ledger on the target is read: what it says of a table that can go on
//!    never falls back, so no chunk of it is loaded twice.
//! 4. When the migration is complete, [`oracle`] compares both sides without dbferry's help, the
//!    target's copy is dropped, and another migration begins, until enough was killed.
//!
//! `DBFERRY_CHAOS_KILLS` says how many kills are enough, `DBFERRY_CHAOS_SOURCE` and
//! `DBFERRY_CHAOS_TARGET` the kinds of the servers, and `DBFERRY_CHAOS_SEED` repeats the choices
//! of another run (though not the moments at which processes are found). `make chaos` runs it for
//! long.

mod fixture;
mod ledger;
mod oracle;
mod random;
mod run;
mod server;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::fixture::SCHEMA;
use self::ledger::Ledger;
use self::oracle::Content;
use self::random::Random;
use self::run::{Moment, Reached, Run};
use self::server::Server;
use crate::support::Bench;

/// Kills in the suite.
const KILLS: usize = 50;

/// The longest time for which a server is away, and by which a strike comes later than its
/// moment.
const AWAY_MAX: Duration = Duration::from_millis(1500);
const LATE_MAX: Duration = Duration::from_millis(40);

/// The furthest that a moment is from the one before it. A run in which nothing is killed has
/// about three steps for each table.
const STEPS_MAX: u64 = 60;
const ROWS_MAX: u64 = fixture::ROWS / 8;

/// Commits often, and tries again soon, since the servers are soon back.
const SETTINGS: &str = r#"{
    "FullLoadSettings": {"CommitRate": 700, "MaxFullLoadSubTasks": 3},
    "ErrorBehavior": {"RecoverableErrorInterval": 1}
}"#;

#[test]
fn every_row_arrives_once_whatever_is_killed() {
    let mut campaign = Campaign::new();
    campaign.migrate();
    while campaign.kills < campaign.kills_wanted {
        campaign.migrate();
    }
    campaign.assert_source_untouched();
    println!("{}", campaign.tally());
}

/// What is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Dbferry,
    Source,
    Target,
    BothServers,
    DbferryAndTarget,
    /// Nothing is killed: dbferry is asked to stop.
    Request,
}

impl Victim {
    /// Draws one: dbferry as often as all servers together.
    fn draw(random: &mut Random) -> Self {
        match random.below(20) {
            0..9 => Self::Dbferry,
            9..12 => Self::Source,
            12..16 => Self::Target,
            16 => Self::BothServers,
            17 => Self::DbferryAndTarget,
            _ => Self::Request,
        }
    }

    fn kills(self) -> usize {
        match self {
            Self::Dbferry | Self::Source | Self::Target => 1,
            Self::BothServers | Self::DbferryAndTarget => 2,
            Self::Request => 0,
        }
    }
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The migration is complete.
    Complete,
    /// It can be resumed.
    Open,
}

/// Migrations between one pair of servers.
struct Campaign {
    random: Random,
    source: Server,
    target: Server,
    /// What the source holds.
    content: Content,
    begin: Instant,
    kills_wanted: usize,
    kills: usize,
    requests: usize,
    /// Migrations begun, runs begun, runs that survived a server's death to their end.
    migrations: usize,
    runs: usize,
    survived: usize,
    /// Last, since the servers live in it.
    bench: Bench,
}

impl Campaign {
    fn new() -> Self {
        let begin = Instant::now();
        let bench = Bench::new();
        let random = Random::from_environment();
        let kind = |role: &str| {
            std::env::var(format!("DBFERRY_CHAOS_{role}")).unwrap_or_else(|_| "mariadb".into())
        };
        let kills = std::env::var("DBFERRY_CHAOS_KILLS");
        let source = Server::fresh(&kind("SOURCE"), bench.path("source"));
        let target = Server::fresh(&kind("TARGET"), bench.path("target"));
        fixture::make(&source);
        bench.file("settings.json", SETTINGS);
        bench.file("mappings.json", fixture::MAPPINGS);
        bench.file("password", server::PASSWORD);
        Self {
            content: Content::of(&source),
            kills_wanted: kills.map_or(KILLS, |kills| kills.parse().unwrap()),
            random,
            source,
            target,
            begin,
            kills: 0,
            requests: 0,
            migrations: 0,
            runs: 0,
            survived: 0,
            bench,
        }
    }

    /// One migration from its first run to its end.
    fn migrate(&mut self) {
        self.migrations += 1;
        let name = format!("chaos-{}", self.migrations);
        let mut ledger = Ledger::default();
        while self.run_once(&name, &mut ledger) == End::Open {}
        self.tell("  comparing");
        oracle::assert_equal(&self.content, &self.source, &self.target);
        self.target.execute(&format!("DROP DATABASE {SCHEMA}"));
    }

    /// Starts dbferry and strikes until it ends.
    fn run_once(&mut self, name: &str, ledger: &mut Ledger) -> End {
        let status = self.status(name);
        if status.as_deref() == Some("complete") {
            // It was killed between its last word to the store and its end.
            return End::Complete;
        }
        ledger.look(&self.target);
        let mut run = self.start(name, status.is_some());
        run.expect_rows(ledger.rows_kept());
        self.runs += 1;
        self.tell(&format!("{name}, with {} rows", ledger.rows()));
        let mut server_struck = false;
        while self.kills < self.kills_wanted {
            let moment = self.moment(ledger);
            if run.wait_for(moment, ledger, &self.target) == Reached::End {
                break;
            }
            let victim = Victim::draw(&mut self.random);
            run.note(format!("{moment:?} reached, {victim:?} is struck"));
            self.tell(&format!("  {moment:?}: {victim:?}"));
            server_struck |=
                matches!(victim, Victim::Source | Victim::Target) || victim == Victim::BothServers;
            if self.strike(victim, &mut run) {
                return End::Open;
            }
        }
        run.wait_for(Moment::Never, ledger, &self.target);
        let end = judge(run, server_struck);
        self.tell(&format!("  {end:?}"));
        self.survived += usize::from(server_struck && end == End::Complete);
        end
    }

    /// What dbferry calls the state of the task, where there is one.
    fn status(&self, name: &str) -> Option<String> {
        let outcome = self.bench.run(&["status", name, "--json"]);
        match outcome.code {
            Some(0) => Some(outcome.json()["status"].as_str().unwrap().to_owned()),
            _ => {
                assert_eq!(outcome.json()["error"]["code"], json!("DF5001"));
                None
            }
        }
    }

    fn start(&self, name: &str, known: bool) -> Run {
        let (source, target) = (self.source.url(SCHEMA), self.target.url(""));
        let logged = ["--json", "--log-level", "dbferry_engine=debug"];
        let arguments: &[&str] = match known {
            true => &["resume", name],
            false => &[
                "migrate",
                &source,
                &target,
                "--name",
                name,
                "--settings",
                "settings.json",
                "--mappings",
                "mappings.json",
                "--source-password-file",
                "password",
                "--target-password-file",
                "password",
            ],
        };
        Run::start(self.bench.command(arguments).args(logged))
    }

    fn moment(&mut self, ledger: &Ledger) -> Moment {
        match self.random.below(3) {
            0 => Moment::Steps(self.random.below(STEPS_MAX)),
            _ => Moment::Rows(ledger.rows() + self.random.below(ROWS_MAX)),
        }
    }

    /// Strikes, and tells whether that ended the run.
    fn strike(&mut self, victim: Victim, run: &mut Run) -> bool {
        std::thread::sleep(self.random.duration(LATE_MAX));
        self.kills += victim.kills();
        match victim {
            Victim::Request => {
                self.requests += 1;
                run.request_stop();
            }
            Victim::Dbferry => run.kill(),
            Victim::Source => self.source.kill(),
            Victim::Target => self.target.kill(),
            Victim::BothServers => {
                self.source.kill();
                self.target.kill();
            }
            Victim::DbferryAndTarget => {
                self.target.kill();
                run.kill();
            }
        }
        self.bring_back();
        matches!(victim, Victim::Dbferry | Victim::DbferryAndTarget)
    }

    /// Starts the servers that are away, at once or a little later.
    fn bring_back(&mut self) {
        let at_once = self.random.below(2) == 0;
        let away = self.random.duration(AWAY_MAX);
        for server in [&mut self.source, &mut self.target] {
            if !server.runs() {
                std::thread::sleep(if at_once { Duration::ZERO } else { away });
                server.start();
            }
        }
    }

    /// Says what happens, for the reader of a failed test.
    fn tell(&self, what: &str) {
        println!("{:8.3} s  {what}", self.begin.elapsed().as_secs_f64());
    }

    fn assert_source_untouched(&self) {
        assert_eq!(Content::of(&self.source), self.content);
    }

    fn tally(&self) -> String {
        format!(
            "{} kills and {} stops in {} runs of {} migrations; {} runs survived a server's death",
            self.kills, self.requests, self.runs, self.migrations, self.survived
        )
    }
}

/// Tells whether a run that was not killed has ended as it may.
fn judge(run: Run, server_struck: bool) -> End {
    let stop_requested = run.stop_requested();
    let ended = run.ended();
    let last = &ended.last;
    match ended.code {
        Some(0) => {
            assert_eq!(last["complete"], json!(true), "{ended}");
            assert_loaded_once(last);
            End::Complete
        }
        Some(4) if stop_requested => End::Open,
        Some(1) if server_struck && last["error"]["class"] == "transient" => End::Open,
        _ => panic!("dbferry may not end so: {ended}"),
    }
}

/// The rows that dbferry has loaded are as many as there are, so none was loaded over another.
fn assert_loaded_once(report: &Value) {
    for table in report["tables"].as_array().unwrap() {
        assert_eq!(table["rows_loaded"], table["rows_target"], "{table}");
        assert_eq!(table["rows_loaded"], table["rows_source"], "{table}");
    }
}
