//! The `config` of a midterm, with our member names and those of the old service's newest client.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use shared::domain::credits::Credits;
use shared::domain::id::TopicId;
use shared::domain::midterm::{MidtermRequest, Mix, SEED_BITS};
use shared::domain::schema::{has_schema, text, whole as whole_number};
use shared::http::Problem;
use shared::http::fields::{List, Technique, Whole, whole_within};
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

/// Number of questions when the config does not set it.
pub(crate) const QUESTIONS_DEFAULT: usize = 8;
/// Maximum length of a [`Label`] in characters.
const LABEL_CHARS_MAX: usize = 200;
/// Maximum share of a mix, and maximum weight.
const SHARE_MAX: f64 = 1_000.0;

/// Settings of a midterm. Unknown members are refused, because a midterm costs credits.
#[derive(Deserialize, ToSchema)]
#[schema(as = MidtermConfig)]
#[serde(deny_unknown_fields)]
pub(crate) struct MidtermConfig {
    /// Number of questions; 8 by default. The old service's clients send it as `questionCount`; two names that differ only in
    /// case are one name in many languages, so that name is accepted and not listed here.
    question_count: Option<Whole<3, 20>>,
    /// The same as `question_count`; both at once are 422.
    #[serde(rename = "questionCount")]
    #[schema(ignore)]
    questions: Option<Whole<3, 20>>,
    /// Shares of the difficulties; those of past midterms by default. Also accepted as `difficultyDistribution`.
    #[schema(value_type = Option<MixShares>)]
    difficulty_distribution: Option<MixField>,
    /// The same as `difficulty_distribution`; both at once are 422.
    #[serde(rename = "difficultyDistribution")]
    #[schema(ignore)]
    distribution: Option<MixField>,
    /// Only these topics; together with `sections` they are 422.
    #[schema(value_type = Option<Vec<TopicId>>, max_items = 50)]
    topic_ids: Option<List<TopicId>>,
    /// Only topics with these ids, names, slugs or categories, in any letter case; together with `topic_ids` they are 422.
    #[schema(value_type = Option<Vec<Label>>, max_items = 50)]
    sections: Option<List<Label>>,
    #[schema(value_type = Option<Vec<Technique>>, max_items = 50)]
    techniques: Option<List<Technique>>,
    minutes: Option<Whole<1, 600>>,
    points: Option<Whole<1, 1_000>>,
    seed: Option<MidtermSeed>,
    /// The client's name for this config. It comes back in the response.
    id: Option<Label>,
    /// The client's title for this config. It comes back in the response.
    name: Option<Label>,
    /// Weights for the old service's search. They are validated and have no effect.
    #[serde(rename = "weights")]
    _weights: Option<MidtermWeights>,
    /// Ignored: the server sets the price.
    #[serde(rename = "creditCost")]
    _credit_cost: Option<f64>,
}

#[derive(Deserialize)]
#[serde(try_from = "MixShares")]
struct MixField(Mix);

/// Shares in any unit, such as percent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MixShares {
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    easy: f64,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    medium: f64,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    hard: f64,
}

impl TryFrom<MixShares> for MixField {
    type Error = &'static str;

    fn try_from(MixShares { easy, medium, hard }: MixShares) -> Result<Self, Self::Error> {
        let fits = [easy, medium, hard].iter().all(|share| (0.0..=SHARE_MAX).contains(share));
        if fits && easy + medium + hard > 0.0 {
            Ok(Self(Mix { easy, medium, hard }))
        } else {
            Err("must have shares `easy`, `medium`, `hard` from 0 to 1000, not all 0")
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = MidtermWeights)]
#[serde(deny_unknown_fields)]
struct MidtermWeights {
    #[serde(rename = "recency")]
    _recency: Option<Weight>,
    #[serde(rename = "repetition")]
    _repetition: Option<Weight>,
    #[serde(rename = "coverage")]
    _coverage: Option<Weight>,
    #[serde(rename = "difficulty")]
    _difficulty: Option<Weight>,
}

struct Weight;

has_schema!(Weight, ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0)).maximum(Some(1000)));

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let weight = f64::deserialize(deserializer).ok().filter(|weight| (0.0..=SHARE_MAX).contains(weight));
        weight.map(|_| Self).ok_or_else(|| D::Error::custom("must be a number from 0 to 1000"))
    }
}

/// A short text.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Label(String);

has_schema!(Label, text(1, LABEL_CHARS_MAX).pattern(Some(r"\S")));

impl TryFrom<String> for Label {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = !text.trim().is_empty() && text.chars().count() <= LABEL_CHARS_MAX;
        if fits { Ok(Self(text.trim().to_owned())) } else { Err("must be a text of 1 to 200 characters") }
    }
}

#[derive(Clone, Copy)]
struct MidtermSeed(u64);

has_schema!(
    MidtermSeed as Seed,
    whole_number(0, (1 << SEED_BITS) - 1).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
);

impl<'de> Deserialize<'de> for MidtermSeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seed = whole_within(deserializer, 0, (1 << SEED_BITS) - 1)?;
        u64::try_from(seed).map(Self).map_err(D::Error::custom)
    }
}

impl MidtermConfig {
    /// Converts to a request, its seed, and the config that the response has.
    pub(crate) fn order(self, price: Credits) -> Result<(MidtermRequest, Option<u64>, UsedConfig), Problem> {
        let question_count = one("question_count", self.question_count, "questionCount", self.questions)?;
        let mix =
            one("difficulty_distribution", self.difficulty_distribution, "difficultyDistribution", self.distribution)?;
        let topic_ids = self.topic_ids.map(|list| list.0).unwrap_or_default();
        let sections: Vec<String> =
            self.sections.map(|list| list.0).unwrap_or_default().into_iter().map(|label| label.0).collect();
        if !topic_ids.is_empty() && !sections.is_empty() {
            return Err(not_both("topic_ids", "sections"));
        }
        let techniques = self.techniques.map(|list| list.0).unwrap_or_default();
        let order = MidtermRequest {
            level: None,
            question_count: question_count.map_or(QUESTIONS_DEFAULT, Whole::count),
            difficulty: mix.map(|mix| mix.0),
            topic_ids,
            sections,
            techniques: techniques.into_iter().map(|technique| technique.0).collect(),
            minutes: self.minutes.map(|minutes| f64::from(minutes.get())),
            points: self.points.map(|points| f64::from(points.get())),
        };
        let used = UsedConfig {
            id: self.id.map(|label| label.0),
            name: self.name.map(|label| label.0),
            question_count: order.question_count,
            difficulty_distribution: order.difficulty.map(UsedShares::from),
            sections: order.sections.clone(),
            credit_cost: price,
        };
        Ok((order, self.seed.map(|seed| seed.0), used))
    }
}

/// The `config` of the request as it was used.
#[derive(Serialize, ToSchema)]
#[schema(as = UsedMidtermConfig)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsedConfig {
    id: Option<String>,
    name: Option<String>,
    question_count: usize,
    /// Null for the shares of past midterms.
    difficulty_distribution: Option<UsedShares>,
    sections: Vec<String>,
    /// The price, whatever the request named.
    credit_cost: Credits,
}

/// Shares in the unit of the request.
#[derive(Serialize, ToSchema)]
struct UsedShares {
    easy: f64,
    medium: f64,
    hard: f64,
}

impl From<Mix> for UsedShares {
    fn from(Mix { easy, medium, hard }: Mix) -> Self {
        Self { easy, medium, hard }
    }
}

/// The value of a member that may be given under one of two names.
fn one<T>(name: &str, value: Option<T>, other_name: &str, other: Option<T>) -> Result<Option<T>, Problem> {
    match (value, other) {
        (Some(_), Some(_)) => Err(not_both(name, other_name)),
        (value, other) => Ok(value.or(other)),
    }
}

fn not_both(one: &str, other: &str) -> Problem {
    Problem::invalid_field(&format!("config.{other}"), &format!("must not be given together with `{one}`"))
}
