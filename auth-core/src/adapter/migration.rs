use std::fmt;

/// What a store lacks, and the SQL that adds it; nothing else has been done yet.
///
/// Printed, it is a script for people who run their SQL themselves.
///
/// ```
/// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
/// # async fn check(auth: Auth) -> auth_core::Result<()> {
/// let plan = auth.migration_plan().await?;
/// for missing in plan.missing() {
///     println!("missing: {missing}");
/// }
/// print!("{plan}");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationPlan {
    steps: Vec<Migration>,
}

/// One thing that is missing, and the statement that adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    missing: String,
    statement: String,
}

impl Migration {
    /// A thing, like `column auth_user.username`, and its statement, without a semicolon.
    pub fn new(missing: impl Into<String>, statement: impl Into<String>) -> Self {
        Self {
            missing: missing.into(),
            statement: statement.into(),
        }
    }
}

impl MigrationPlan {
    /// The steps in the order in which they must run.
    pub fn new(steps: Vec<Migration>) -> Self {
        Self { steps }
    }

    /// Whether the store has everything.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What is missing, by name: `table auth_user`, `column auth_user.username`, `index auth_user_username`; or `type of
    /// auth_user.username`, where it is another.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.missing.as_str())
    }

    /// The statements, without semicolons.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.statement.as_str())
    }

    /// This plan, then another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }
}

impl fmt::Display for MigrationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{};", step.statement)?;
        }
        Ok(())
    }
}
