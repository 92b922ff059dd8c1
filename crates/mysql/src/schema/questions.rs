//! Many small statements, asked over a few connections at once.
//!
//! A server answers `SHOW CREATE` in a fraction of a millisecond, so that with one connection the
//! way there and back would be most of the time.

use std::sync::Mutex;
use std::sync::PoisonError;

use dbferry_core::{Error, ObjectName};

use crate::sessions::{Purpose, Sessions};
use crate::wire::{Connection, ResultSet};

/// Connections that ask at once: enough to keep a server's few cores busy, few enough not to
/// disturb it.
const ASKERS: usize = 4;

/// A statement about an object.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// The object, for errors, and for the default database while asking: names of the object's
    /// own schema are then printed without it.
    pub(crate) object: ObjectName,
    /// The statement.
    pub(crate) sql: String,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) set: ResultSet,
    /// Whether the server warned that a view refers to what does not exist.
    pub(crate) broken: bool,
}

/// Table, view, database, routine, trigger, event or sequence does not exist.
const MISSING: &[u16] = &[1146, 1051, 1049, 1305, 1360, 1539, 4091, 1347];

/// A view that refers to what does not exist, as an error or a warning.
const BROKEN_VIEW: u64 = 1356;

/// Asks all questions. The answers are in the order of the questions; `None` where the object is
/// gone.
///
/// # Errors
/// That of the first question that failed, naming its object.
pub(crate) async fn ask(
    sessions: &Sessions,
    questions: &[Question],
) -> Result<Vec<Option<Answer>>, Error> {
    let next = Mutex::new(0..questions.len());
    let first = ask_some(sessions, questions, &next);
    if questions.len() < 2 * ASKERS {
        return in_order(questions.len(), [first.await?]);
    }
    let others = || ask_some(sessions, questions, &next);
    let (first, second, third, fourth) = tokio::try_join!(first, others(), others(), others())?;
    in_order(questions.len(), [first, second, third, fourth])
}

type Numbered = Vec<(usize, Option<Answer>)>;

fn in_order<const N: usize>(
    count: usize,
    parts: [Numbered; N],
) -> Result<Vec<Option<Answer>>, Error> {
    let mut answers: Vec<Option<Answer>> = Vec::new();
    answers.resize_with(count, || None);
    for (index, answer) in parts.into_iter().flatten() {
        answers[index] = answer;
    }
    Ok(answers)
}

/// Takes questions, one after the other, until none is left.
async fn ask_some(
    sessions: &Sessions,
    questions: &[Question],
    next: &Mutex<std::ops::Range<usize>>,
) -> Result<Numbered, Error> {
    let mut answers = Vec::new();
    let take = || next.lock().unwrap_or_else(PoisonError::into_inner).next();
    let Some(mut index) = take() else {
        return Ok(answers);
    };
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let mut schema = String::new();
    loop {
        let question = &questions[index];
        let answer = ask_one(&mut connection, question, &mut schema)
            .await
            .map_err(|error| error.with_object(&question.object))?;
        answers.push((index, answer));
        match take() {
            Some(another) => index = another,
            None => return Ok(answers),
        }
    }
}

async fn ask_one(
    connection: &mut Connection,
    question: &Question,
    schema: &mut String,
) -> Result<Option<Answer>, Error> {
    let result = match enter(connection, &question.object.schema, schema).await {
        Ok(()) => connection.query(&question.sql).await,
        Err(error) => Err(error),
    };
    let set = match result {
        Ok(set) => set,
        Err(error) => {
            let number = error.server().map(|server| server.code);
            let gone = number.is_some_and(|number| MISSING.contains(&number));
            return if gone { Ok(None) } else { Err(error.into()) };
        }
    };
    let broken = set.outcome().warnings > 0 && warns_of_broken_view(connection).await?;
    Ok(Some(Answer { set, broken }))
}

/// Makes a schema the default one, unless it is.
async fn enter(
    connection: &mut Connection,
    schema: &str,
    current: &mut String,
) -> crate::wire::Result<()> {
    if !schema.is_empty() && current != schema {
        connection.select_database(schema).await?;
        schema.clone_into(current);
    }
    Ok(())
}

async fn warns_of_broken_view(connection: &mut Connection) -> Result<bool, Error> {
    let warnings = connection.query("SHOW WARNINGS").await?;
    for row in warnings.rows() {
        if row.opt_u64("Code")? == Some(BROKEN_VIEW) {
            return Ok(true);
        }
    }
    Ok(false)
}
