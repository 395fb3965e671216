//! `pastpaper config`, and the options of `serve` that replace settings of the environment.

use std::convert::Infallible;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use serde::Serialize;
use shared::config::Config;
use shared::config::variables::VARIABLES;
use shared::domain::limits::LimitedAction;
use shared::domain::settings::{DELIVERIES, RATE_LIMITS, Settings, TERMS};

use crate::database::{local_default, local_placeholder};
use crate::output::{self, outln, plain};

/// Options that replace settings.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingOptions {
    /// Replace a setting of the environment, such as `PRICE_START=2` or `RATE_LIMITS=spend=40`; may be repeated. `pastpaper config`
    /// lists all settings
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// Options of `config`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    options: SettingOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show what a function would read from this environment, without the defaults of `serve`
    #[arg(long)]
    aws: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Origin {
    Default,
    Environment,
    Flag,
}

impl Origin {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

/// What is in force.
#[derive(Debug, Serialize)]
struct InForce {
    settings: Vec<ShownSetting>,
    deliveries: ShownForm,
    limits: Vec<ShownLimit>,
    variables: Vec<ShownVariable>,
}

#[derive(Debug, Serialize)]
struct ShownSetting {
    name: &'static str,
    value: u32,
    source: Origin,
    min: u32,
    max: u32,
    what: &'static str,
}

#[derive(Debug, Serialize)]
struct ShownForm {
    name: &'static str,
    value: &'static str,
    source: Origin,
}

#[derive(Debug, Serialize)]
struct ShownLimit {
    name: &'static str,
    quota: u32,
    window_seconds: u32,
    source: Origin,
}

#[derive(Debug, Serialize)]
struct ShownVariable {
    name: &'static str,
    /// Null for a secret, and without a value.
    value: Option<String>,
    is_secret: bool,
    is_set: bool,
    source: Origin,
}

/// A name and its value. What is wrong is said later: clap would print the value, and somebody may set a secret.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result")]
fn setting(text: &str) -> Result<(String, String), Infallible> {
    let (name, value) = text.split_once('=').unwrap_or(("", text));
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A value as it is shown: a URL without its user and password.
fn without_password(value: &str) -> String {
    let shown = value.split_once("://").and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (_, host) = authority.rsplit_once('@')?;
        Some(format!("{scheme}://…@{host}{path}"))
    });
    shown.unwrap_or_else(|| value.to_owned())
}

fn from_env(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

impl SettingOptions {
    fn find(&self, name: &str) -> Option<(String, Origin)> {
        let of_flag = self.set.iter().find(|(known, _)| known == name).map(|(_, value)| (value.clone(), Origin::Flag));
        of_flag.or_else(|| from_env(name).map(|value| (value, Origin::Environment)))
    }

    fn source(&self, name: &str) -> Origin {
        self.find(name).map_or(Origin::Default, |(_, source)| source)
    }

    /// The settings in force.
    ///
    /// # Errors
    /// Names the setting that is wrong, with its bounds.
    pub fn settings(&self) -> Result<Settings> {
        for (place, (name, _)) in self.set.iter().enumerate() {
            ensure!(!name.is_empty(), "--set must be NAME=VALUE, such as PRICE_START=2");
            let is_known =
                [RATE_LIMITS, DELIVERIES].contains(&name.as_str()) || TERMS.iter().any(|term| term.variable == name);
            ensure!(is_known, "--set: there is no setting {name:?}; `pastpaper config` lists them");
            ensure!(self.set.iter().skip(place + 1).all(|(other, _)| other != name), "--set names {name} twice");
        }
        Settings::read(|name| self.find(name).map(|(value, _)| value)).map_err(|error| {
            match self.source(error.variable) {
                Origin::Flag => anyhow!("--set: {error}"),
                Origin::Environment | Origin::Default => anyhow!("the environment: {error}"),
            }
        })
    }
}

/// Prints the configuration in force. Secrets are said to be set or not.
///
/// # Errors
/// Names the first value that is wrong.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let settings = arguments.options.settings()?;
    let read = |name: &str| if arguments.aws { None } else { local_placeholder(name) };
    Config::read(|name| from_env(name).or_else(|| read(name))).context("the environment")?;
    let shown = in_force(arguments, &settings);
    if arguments.json {
        output::json(&(serde_json::to_string_pretty(&shown)? + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    for ShownSetting { name, value, source, min, max, what } in shown.settings {
        outln!("{name:<26} {value:>6}  {:<11}  {what} ({min} to {max})", source.as_str())?;
    }
    let ShownForm { name, value, source } = shown.deliveries;
    outln!("{name:<24} {value:>8}  {:<11}  How questions that are bought together are stored", source.as_str())?;
    outln!("\n{RATE_LIMITS}")?;
    for ShownLimit { name, quota, window_seconds, source } in shown.limits {
        outln!("{name:<26} {quota:>6}  {:<11}  in {window_seconds} seconds", source.as_str())?;
    }
    outln!("")?;
    for ShownVariable { name, value, is_secret, is_set, source } in shown.variables {
        let state = if is_set { "set" } else { "not set" };
        let value = value.filter(|_| !is_secret).unwrap_or_else(|| state.to_owned());
        outln!("{name:<38}  {:<11}  {}", source.as_str(), plain(&value))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_force(arguments: &Arguments, settings: &Settings) -> InForce {
    let options = &arguments.options;
    let terms = TERMS.iter().map(|term| ShownSetting {
        name: term.variable,
        value: (term.get)(&settings.terms),
        source: options.source(term.variable),
        min: term.min,
        max: term.max,
        what: term.what,
    });
    let (text, source) = options.find(RATE_LIMITS).unwrap_or((String::new(), Origin::Default));
    let named: Vec<&str> =
        text.split(',').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.trim()).collect();
    let limits = LimitedAction::ALL.into_iter().map(|action| ShownLimit {
        name: action.name(),
        quota: settings.limits.quota(action),
        window_seconds: action.policy().window_seconds,
        source: if named.contains(&action.name()) { source } else { Origin::Default },
    });
    let variables = VARIABLES.iter().map(|variable| {
        let set = from_env(variable.name);
        let default = if arguments.aws { None } else { local_default(variable.name) };
        let default = default.unwrap_or(variable.default);
        let value = set.clone().or_else(|| (!default.is_empty()).then(|| default.to_owned()));
        ShownVariable {
            name: variable.name,
            is_set: value.is_some(),
            value: value.filter(|_| !variable.is_secret).map(|value| without_password(&value)),
            is_secret: variable.is_secret,
            source: if set.is_some() { Origin::Environment } else { Origin::Default },
        }
    });
    let deliveries =
        ShownForm { name: DELIVERIES, value: settings.deliveries.as_str(), source: options.source(DELIVERIES) };
    InForce { settings: terms.collect(), deliveries, limits: limits.collect(), variables: variables.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (value, shown) in [
            ("http://u:hush@127.0.0.1:8000/a@b", "http://…@127.0.0.1:8000/a@b"),
            ("https://hush@api.example.org", "https://…@api.example.org"),
            ("https://api.example.org/a@b", "https://api.example.org/a@b"),
            ("a@example.org", "a@example.org"),
        ] {
            assert_eq!(without_password(value), shown);
        }
    }
}
