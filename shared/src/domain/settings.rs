//! What operators may set: prices, credits by plan, the signup bonus and the quotas of rate limits, each with its bounds.
//!
//! A value is read from a variable of the same name in every kind of process, so functions, `serve` and `pastpaper config` agree.
//! `template.yaml` has a parameter for each, and `docs/configuration.md` a row; tests hold both equal to [`TERMS`].

use super::credits::{Credits, Plan};
use super::limits::{LimitedAction, Limits};
use super::payments::REFRESH_CREDITS;

/// The variable that replaces quotas, such as `login_email=20,spend=40`.
pub const RATE_LIMITS: &str = "RATE_LIMITS";
/// The variable that says how bought questions are stored.
pub const DELIVERIES: &str = "DELIVERIES";
/// Greatest price.
const PRICE_MAX: Credits = 1_000;
/// Greatest number of credits that a plan or a new account brings.
const CREDITS_MAX: Credits = 100_000;
/// Greatest quota.
const QUOTA_MAX: u32 = 1_000_000;

/// Prices in credits, and what plans and new accounts bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditTerms {
    /// One practice question.
    pub practice_question: Credits,
    /// A bundle, however many questions it holds.
    pub bundle: Credits,
    /// Starting a locked question.
    pub start_question: Credits,
    /// One edition of an analysis.
    pub analysis: Credits,
    /// A midterm.
    pub midterm: Credits,
    /// Credits of a month of the free plan.
    pub monthly_free: Credits,
    /// Credits of a month of the starter plan.
    pub monthly_starter: Credits,
    /// Credits of a month of the unlimited plan, which are not needed while it lasts.
    pub monthly_unlimited: Credits,
    /// Balance of a new account.
    pub signup_bonus: Credits,
}

impl CreditTerms {
    /// The terms without any variable.
    pub const DEFAULT: Self = Self {
        practice_question: 1,
        bundle: 1,
        start_question: 1,
        analysis: 2,
        midterm: 3,
        monthly_free: 5,
        monthly_starter: 15,
        monthly_unlimited: 5,
        signup_bonus: 5,
    };

    /// The balance that a refresh sets for a plan.
    #[must_use]
    pub const fn monthly(&self, plan: Plan) -> Credits {
        match plan {
            Plan::Free => self.monthly_free,
            Plan::Starter => self.monthly_starter,
            Plan::Unlimited => self.monthly_unlimited,
        }
    }
}

impl Default for CreditTerms {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One of the terms, as operators set it.
pub struct Term {
    /// The variable's name.
    pub variable: &'static str,
    pub what: &'static str,
    /// Least value.
    pub min: Credits,
    /// Greatest value.
    pub max: Credits,
    pub get: fn(&CreditTerms) -> Credits,
    set: fn(&mut CreditTerms, Credits),
}

/// All terms.
pub const TERMS: [Term; 9] = [
    Term {
        variable: "PRICE_PRACTICE",
        what: "Credits for one practice question",
        min: 0,
        max: PRICE_MAX,
        get: |terms| terms.practice_question,
        set: |terms, value| terms.practice_question = value,
    },
    Term {
        variable: "PRICE_BUNDLE",
        what: "Credits for a bundle of questions",
        min: 0,
        max: PRICE_MAX,
        get: |terms| terms.bundle,
        set: |terms, value| terms.bundle = value,
    },
    Term {
        variable: "PRICE_START",
        what: "Credits for starting a locked question",
        min: 0,
        max: PRICE_MAX,
        get: |terms| terms.start_question,
        set: |terms, value| terms.start_question = value,
    },
    Term {
        variable: "PRICE_ANALYSIS",
        what: "Credits for one edition of an analysis",
        min: 0,
        max: PRICE_MAX,
        get: |terms| terms.analysis,
        set: |terms, value| terms.analysis = value,
    },
    Term {
        variable: "PRICE_MIDTERM",
        what: "Credits for a midterm",
        min: 0,
        max: PRICE_MAX,
        get: |terms| terms.midterm,
        set: |terms, value| terms.midterm = value,
    },
    Term {
        variable: "MONTHLY_CREDITS_FREE",
        what: "Credits of a month of the free plan",
        min: 0,
        max: CREDITS_MAX,
        get: |terms| terms.monthly_free,
        set: |terms, value| terms.monthly_free = value,
    },
    Term {
        variable: "MONTHLY_CREDITS_STARTER",
        what: "Credits of a month of the starter plan",
        // The refresh before a payment brings so many, and the payment the rest.
        min: REFRESH_CREDITS,
        max: CREDITS_MAX,
        get: |terms| terms.monthly_starter,
        set: |terms, value| terms.monthly_starter = value,
    },
    Term {
        variable: "MONTHLY_CREDITS_UNLIMITED",
        what: "Balance that a refresh sets under the unlimited plan, which charges nothing",
        min: 0,
        max: CREDITS_MAX,
        get: |terms| terms.monthly_unlimited,
        set: |terms, value| terms.monthly_unlimited = value,
    },
    Term {
        variable: "SIGNUP_BONUS",
        what: "Credits of a new account",
        min: 0,
        max: CREDITS_MAX,
        get: |terms| terms.signup_bonus,
        set: |terms, value| terms.signup_bonus = value,
    },
];

/// How questions that are bought together are stored. Both forms are always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deliveries {
    /// One item for all of them. From the first purchase on, releases that do not know this form cannot read the account.
    #[default]
    Together,
    /// An item for each, unless the account has the other form already.
    Single,
}

impl Deliveries {
    /// The values of the variable.
    pub const ALL: [Self; 2] = [Self::Together, Self::Single];

    /// Its name in the variable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Together => "together",
            Self::Single => "single",
        }
    }
}

/// What operators may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    pub terms: CreditTerms,
    pub limits: Limits,
    pub deliveries: Deliveries,
}

/// A value that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct InvalidSetting {
    /// The variable's name.
    pub variable: &'static str,
    pub problem: String,
}

impl Settings {
    /// Reads the variables with `get`, which returns `None` for an empty one.
    ///
    /// # Errors
    /// Names the first variable that is wrong, with its bounds.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let mut settings = Self::default();
        for Term { variable, min, max, set, .. } in &TERMS {
            if let Some(text) = get(variable) {
                let value = within(&text, *min, *max).map_err(|problem| InvalidSetting { variable, problem })?;
                set(&mut settings.terms, value);
            }
        }
        if let Some(text) = get(RATE_LIMITS) {
            settings.limits = quotas(&text).map_err(|problem| InvalidSetting { variable: RATE_LIMITS, problem })?;
        }
        if let Some(text) = get(DELIVERIES) {
            let form = Deliveries::ALL.into_iter().find(|form| form.as_str() == text);
            let problem = || format!("must be `together` or `single`, not {text:?}");
            settings.deliveries = form.ok_or_else(|| InvalidSetting { variable: DELIVERIES, problem: problem() })?;
        }
        Ok(settings)
    }
}

fn within(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let value = text.parse().ok().filter(|value| (min..=max).contains(value));
    value.ok_or_else(|| format!("must be a whole number from {min} to {max}, not {text:?}"))
}

/// Reads quotas such as `login_email=20,spend=40`.
fn quotas(text: &str) -> Result<Limits, String> {
    let mut limits = Limits::default();
    let mut named = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, quota) =
            pair.split_once('=').ok_or_else(|| format!("must be names and quotas such as spend=20, not {pair:?}"))?;
        let (name, quota) = (name.trim(), quota.trim());
        let action = LimitedAction::ALL.into_iter().find(|action| action.name() == name);
        let action = action.ok_or_else(|| format!("has no limit {name:?}: `pastpaper config` lists them"))?;
        if named.contains(&action) {
            return Err(format!("names {name} twice"));
        }
        named.push(action);
        limits = limits.with(action, within(quota, 1, QUOTA_MAX).map_err(|problem| format!("{name} {problem}"))?);
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::read(get).map_err(|error| error.to_string())
    }

    #[test]
    fn each_term_is_read_from_its_variable_within_its_bounds() {
        assert_eq!(read(&[]), Ok(Settings::default()));
        for Term { variable, min, max, get, .. } in &TERMS {
            for value in [*min, *max] {
                let settings = read(&[(variable, &value.to_string())]).unwrap();
                assert_eq!(get(&settings.terms), value, "{variable}");
                // Nothing else changed.
                let others = TERMS.iter().filter(|other| other.variable != *variable);
                assert!(
                    others.into_iter().all(|other| (other.get)(&settings.terms) == (other.get)(&CreditTerms::DEFAULT))
                );
            }
            for value in ["", "-1", "1.5", "x", &(max + 1).to_string(), "99999999999"] {
                let refused = format!("{variable} must be a whole number from {min} to {max}, not {value:?}");
                assert_eq!(read(&[(variable, value)]), Err(refused));
            }
        }
    }

    #[test]
    fn quotas_are_read_by_their_names() {
        let quota = |settings: Settings, action| settings.limits.quota(action);
        let settings = read(&[(RATE_LIMITS, "spend=40, login_email = 20,")]).unwrap();
        assert_eq!((quota(settings, LimitedAction::Spend), quota(settings, LimitedAction::LoginEmail)), (40, 20));
        assert_eq!(quota(settings, LimitedAction::Export), LimitedAction::Export.policy().quota);
        for (value, error) in [
            ("spend", "RATE_LIMITS must be names and quotas such as spend=20, not \"spend\""),
            ("spent=3", "RATE_LIMITS has no limit \"spent\": `pastpaper config` lists them"),
            ("spend=0", "RATE_LIMITS spend must be a whole number from 1 to 1000000, not \"0\""),
            ("spend=1,spend=2", "RATE_LIMITS names spend twice"),
        ] {
            assert_eq!(read(&[(RATE_LIMITS, value)]), Err(error.to_owned()));
        }
    }

    #[test]
    fn the_form_of_deliveries_is_read_by_its_name() {
        for form in Deliveries::ALL {
            assert_eq!(read(&[(DELIVERIES, form.as_str())]).unwrap().deliveries, form);
        }
        let error = "DELIVERIES must be `together` or `single`, not \"off\"";
        assert_eq!(read(&[(DELIVERIES, "off")]), Err(error.to_owned()));
    }

    #[test]
    fn the_least_month_of_a_starter_is_what_the_refresh_brings() {
        assert_eq!(REFRESH_CREDITS, CreditTerms::DEFAULT.monthly_free);
        assert!(read(&[("MONTHLY_CREDITS_STARTER", "4")]).is_err());
    }
}
