//! Counts the skipped routes of a run by reason, and lists the first ones.

use super::SkipReason;

/// The default limit of a report's lists of skipped routes and of keys that are not stored. All of them are
/// counted; listing a million takes half a gigabyte.
pub const DEFAULT_MAX_LISTED: usize = 10_000;

/// How many different reasons with the same code are kept. A build may give each route its own reason.
const MAX_REASONS_OF_CODE: usize = 100;

/// A skipped route.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SkippedRoute {
    /// The pattern in the manifest; `routes[7]` if it has none.
    pub route: String,
    /// The concrete pathname, if the manifest has one.
    pub path: Option<String>,
    /// Why it is skipped.
    pub reason: SkipReason,
}

/// Skipped routes, in the manifest's order.
#[derive(Clone, Debug)]
pub struct SkippedRoutes {
    total: usize,
    max_listed: usize,
    listed: Vec<SkippedRoute>,
    reasons: Vec<SkippedReason>,
}

/// Routes that are skipped for the same reason.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SkippedReason {
    /// The reason. A file in it is the first route's.
    pub reason: SkipReason,
    /// The number of routes.
    pub routes: usize,
    /// The pathname of the first route.
    pub example: String,
    /// Whether routes with other reasons of the same code are counted here, because there are too many
    /// different reasons.
    pub has_others: bool,
}

impl SkippedRoutes {
    /// An empty list that will hold at most `max_listed` routes.
    #[must_use]
    pub fn new(max_listed: usize) -> Self {
        Self {
            total: 0,
            max_listed,
            listed: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// Adds routes, in the manifest's order.
    pub fn extend(&mut self, routes: impl IntoIterator<Item = SkippedRoute>) {
        for route in routes {
            self.total += 1;
            self.count(&route);
            if self.listed.len() < self.max_listed {
                self.listed.push(route);
            }
        }
    }

    fn count(&mut self, route: &SkippedRoute) {
        let mut of_code = 0;
        let mut last = None;
        for (index, known) in self.reasons.iter_mut().enumerate() {
            if known.reason.code() != route.reason.code() {
                continue;
            }
            if known.reason.is_same(&route.reason) {
                known.routes += 1;
                return;
            }
            of_code += 1;
            last = Some(index);
        }
        if let Some(index) = last.filter(|_| of_code >= MAX_REASONS_OF_CODE) {
            self.reasons[index].routes += 1;
            self.reasons[index].has_others = true;
            return;
        }
        self.reasons.push(SkippedReason {
            reason: route.reason.clone(),
            routes: 1,
            example: route.path.as_ref().unwrap_or(&route.route).clone(),
            has_others: false,
        });
    }

    /// The number of skipped routes.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// The first skipped routes.
    #[must_use]
    pub fn listed(&self) -> &[SkippedRoute] {
        &self.listed
    }

    /// The first skipped routes, by value.
    #[must_use]
    pub fn into_listed(self) -> Vec<SkippedRoute> {
        self.listed
    }

    /// All skipped routes by reason, in the order in which the reasons first appear.
    #[must_use]
    pub fn reasons(&self) -> &[SkippedReason] {
        &self.reasons
    }
}

impl Default for SkippedRoutes {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_LISTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitized_text::SanitizedText;

    fn route(index: usize, reason: SkipReason) -> SkippedRoute {
        SkippedRoute {
            route: format!("/{index}"),
            path: None,
            reason,
        }
    }

    #[test]
    fn counts_all_and_lists_the_first() {
        let mut skipped = SkippedRoutes::new(3);
        let missing = |index| SkipReason::MissingArtifact {
            file: format!("{index}.html"),
        };
        skipped.extend((0..10).map(|index| route(index, missing(index))));
        skipped.extend([route(10, SkipReason::Duplicate)]);
        assert_eq!(skipped.total(), 11);
        assert_eq!(skipped.listed().len(), 3);
        let counts = skipped.reasons().iter().map(|reason| reason.routes);
        assert_eq!(counts.collect::<Vec<_>>(), [10, 1]);
        assert_eq!(skipped.reasons()[0].example, "/0");
    }

    #[test]
    fn bounds_the_reasons_of_a_code() {
        let mut skipped = SkippedRoutes::new(0);
        let why = |index: usize| SkipReason::NotRendered(SanitizedText::new(&index.to_string()));
        skipped.extend((0..1000).map(|index| route(index, why(index))));
        skipped.extend([route(1000, SkipReason::Duplicate)]);
        assert_eq!(skipped.reasons().len(), MAX_REASONS_OF_CODE + 1);
        assert_eq!(
            skipped
                .reasons()
                .iter()
                .map(|reason| reason.routes)
                .sum::<usize>(),
            1001
        );
        let last = &skipped.reasons()[MAX_REASONS_OF_CODE - 1];
        assert_eq!((last.routes, last.has_others), (901, true));
    }
}
