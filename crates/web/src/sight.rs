//! Who is looking, and how much of a cause that eye may see.
//!
//! Every cause that leaves this crate passes here: its name, its filters, and the facts that would give it away.

use crate::settings::Scopes;
use machine::cause::{Cause, Disclosure};
use machine::explain::{Audience, disclosed};
use machine::freeze::Freeze;

/// Who is looking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sight {
    /// Whoever speaks for the holder or the shop.
    Outside,
    /// An agent of the bank.
    Agent,
    /// The legal desk: sees what is told silently.
    Legal,
}

impl Sight {
    /// What these scopes let see.
    #[must_use]
    pub fn of(scopes: Scopes) -> Sight {
        match (scopes.legal, scopes.agent) {
            (true, _) => Sight::Legal,
            (false, true) => Sight::Agent,
            (false, false) => Sight::Outside,
        }
    }

    /// Whether the reason itself may be seen.
    #[must_use]
    pub fn sees(self, cause: Cause) -> bool {
        match (cause.entry().disclosure, self) {
            (Disclosure::Full { .. }, Sight::Outside | Sight::Agent | Sight::Legal) => true,
            (Disclosure::Category, Sight::Agent | Sight::Legal) => true,
            (Disclosure::Category, Sight::Outside) => false,
            (Disclosure::Silent, Sight::Legal) => true,
            (Disclosure::Silent, Sight::Outside | Sight::Agent) => false,
        }
    }

    /// The audience whose words this eye reads.
    #[must_use]
    pub fn audience(self) -> Audience {
        match self {
            Sight::Outside => Audience::Holder,
            Sight::Agent | Sight::Legal => Audience::Agent,
        }
    }

    /// The name a cause goes by here.
    #[must_use]
    pub fn slug(self, cause: Cause) -> &'static str {
        match self.sees(cause) {
            true => cause.slug(),
            false => disclosed(cause, self.audience()).slug,
        }
    }

    /// Whether all of a freeze's record may be seen: who placed it, how far it reaches, how it ends. Both
    /// what it was placed for and what declines name because of it have to be open.
    #[must_use]
    pub fn sees_freeze(self, freeze: &Freeze) -> bool {
        self.sees(freeze.cause) && self.sees(freeze.decline_cause())
    }

    /// The cause a freeze is shown under: what it was placed for, unless what it was done as is more closed.
    #[must_use]
    pub fn freeze_cause(self, freeze: &Freeze) -> Cause {
        let done_as = freeze.decline_cause();
        match (done_as.entry().disclosure, freeze.cause.entry().disclosure) {
            (Disclosure::Full { .. }, _) | (_, Disclosure::Silent) => freeze.cause,
            (Disclosure::Category, Disclosure::Full { .. } | Disclosure::Category) if self.sees(done_as) => {
                freeze.cause
            }
            (Disclosure::Category | Disclosure::Silent, Disclosure::Full { .. } | Disclosure::Category) => {
                done_as
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_silently_is_seen_by_the_legal_desk_alone() {
        let names =
            |cause: Cause| [Sight::Outside, Sight::Agent, Sight::Legal].map(|sight| sight.slug(cause));
        assert_eq!(names(Cause::WrongPin), ["wrong_pin"; 3]);
        assert_eq!(names(Cause::FrozenByBank), ["account_paused", "frozen_by_bank", "frozen_by_bank"]);
        assert_eq!(
            names(Cause::FrozenForLaundering),
            ["account_paused", "account_paused", "frozen_for_laundering"]
        );
    }
}
