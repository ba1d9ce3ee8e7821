//! What can go wrong, each with a stable code.
//!
//! Messages name the thing and what to do about it. They never contain the API token, and text
//! that others wrote (file contents, API replies) only through [`ForeignText`].

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use crate::manifest::ManifestProblem;
use crate::pack::PackError;
use crate::report::SeedReport;
use crate::send::Failure;

/// Text somebody else wrote, fit to stand in a message: at most 500 characters, on one line.
#[derive(Clone, Eq, PartialEq)]
pub struct ForeignText(String);

/// The longest foreign text in a message, in characters.
pub const MAX_FOREIGN_CHARACTERS: usize = 500;

impl ForeignText {
    /// Caps the text and replaces control characters, which could redraw somebody's terminal.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut characters = text.trim().chars();
        let mut capped: String = characters
            .by_ref()
            .take(MAX_FOREIGN_CHARACTERS)
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        if characters.next().is_some() {
            capped.pop();
            capped.push('…');
        }
        Self(capped)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ForeignText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ForeignText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// An error's text with those of all its causes.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Why a run failed. What merely leaves it nothing to do is no error, see
/// [`SkippedRun`](crate::report::SkippedRun).
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// An option is wrong; nothing was read or sent.
    #[error("option `{option}` {problem}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it, as the rest of the sentence.
        problem: String,
    },
    /// The manifest is there and cannot be read; nothing was sent.
    #[error("{0}")]
    ManifestUnreadable(ManifestProblem),
    /// The directory of artefacts is there and cannot be read; nothing was sent.
    #[error("cannot read dist/server/prerendered-routes: {0}")]
    ArtefactsUnreadable(#[source] std::io::Error),
    /// The HTTP client cannot be made, mostly because of certificates; nothing was sent.
    #[error("cannot set up HTTPS: {0}")]
    Client(ForeignText),
    /// Packing ended early.
    #[error("{problem}")]
    Pack {
        /// Why.
        problem: PackError,
        /// What was stored until then.
        report: Box<SeedReport>,
    },
    /// Pairs could not be stored.
    #[error("{failure}; {} of {} entries are stored", report.pairs_stored, report.pairs_planned())]
    Upload {
        /// Why.
        failure: Failure,
        /// What was stored all the same.
        report: Box<SeedReport>,
    },
    /// The directory for an export has something in it; nothing was written.
    #[error(
        "{} is not empty; name another directory or empty this one, because files of another build \
         would be loaded along with this one's",
        .0.display()
    )]
    ExportNotEmpty(PathBuf),
    /// The directory or a file of an export cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    ExportUnwritable {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The caller cancelled the run.
    #[error("the seeding was aborted")]
    Aborted {
        /// What was stored before.
        report: Box<SeedReport>,
    },
    /// A task of ours failed. That is a bug.
    #[error("the seeder failed: {0}; please report this")]
    Internal(ForeignText),
}

impl SeedError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidOption { .. } => "INVALID_OPTION",
            Self::ManifestUnreadable(_) => "MANIFEST_UNREADABLE",
            Self::ArtefactsUnreadable(_) => "ARTEFACTS_UNREADABLE",
            Self::Client(_) => "TLS_SETUP_FAILED",
            Self::Pack { .. } => "MANIFEST_CHANGED",
            Self::Upload { failure, .. } => failure.code,
            Self::ExportNotEmpty(_) => "EXPORT_DIRECTORY_NOT_EMPTY",
            Self::ExportUnwritable { .. } => "EXPORT_UNWRITABLE",
            Self::Aborted { .. } => "ABORT_ERR",
            Self::Internal(_) => "INTERNAL_ERROR",
        }
    }

    /// What was stored before it went wrong, where anything was begun.
    #[must_use]
    pub fn report(&self) -> Option<&SeedReport> {
        match self {
            Self::Pack { report, .. } | Self::Upload { report, .. } | Self::Aborted { report } => {
                Some(report)
            }
            _ => None,
        }
    }

    /// The same error of a run that took so long.
    pub(crate) fn after(mut self, duration: Duration) -> Self {
        if let Self::Pack { report, .. } | Self::Upload { report, .. } | Self::Aborted { report } =
            &mut self
        {
            report.duration = duration;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_capped_in_characters_and_kept_on_one_line() {
        assert_eq!(ForeignText::new(" a\nb\u{1b}[2J ").as_str(), "a b [2J");
        let exact = "é".repeat(MAX_FOREIGN_CHARACTERS);
        assert_eq!(ForeignText::new(&exact).as_str(), exact);
        let capped = ForeignText::new(&"é".repeat(MAX_FOREIGN_CHARACTERS + 1));
        assert_eq!(capped.as_str().chars().count(), MAX_FOREIGN_CHARACTERS);
        assert!(capped.as_str().ends_with('…'));
    }
}
