//! What several readers share.

use crate::text::{self, TextOut};
use crate::{Figure, Place, Question, Remark};

/// The largest number of options of a choice: they are named A to Z.
pub(crate) const OPTIONS_MAX: usize = 26;

/// A remark about a line of a file.
pub(crate) fn remark(file: &str, line: usize, text: impl Into<String>) -> Remark {
    Remark { place: place(file, line), text: text.into() }
}

pub(crate) fn place(file: &str, line: usize) -> Place {
    Place { file: file.to_owned(), line: u32::try_from(line).ok(), ..Place::default() }
}

/// Numbers of lines for positions in a text.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a position, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}

/// The figures of a question while its texts are read.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) list: Vec<Figure>,
    pub(crate) warnings: Vec<String>,
}

impl Figures {
    /// The number of the figure with this source, from 1.
    pub(crate) fn number(&mut self, source: &str, alt: &str) -> usize {
        if let Some(index) = self.list.iter().position(|figure| figure.source == source) {
            return index + 1;
        }
        let alt = Some(alt.to_owned()).filter(|alt| !alt.is_empty());
        self.list.push(Figure { source: source.to_owned(), bytes: None, alt });
        self.list.len()
    }

    /// Reduces HTML, and collects its figures and warnings.
    pub(crate) fn html(&mut self, html: &str) -> String {
        let TextOut { text, warnings } = text::html_to_text(html, &mut |source, alt| self.number(source, alt));
        self.warnings.extend(warnings);
        text
    }
}

/// Category and topic of a path such as `$course$/top/Vectors/Gradient`. A slash in a name is written `//`.
pub(crate) fn split_category(path: &str) -> (Option<String>, Option<String>) {
    let mut names = vec![String::new()];
    let mut characters = path.trim().chars().peekable();
    while let Some(next) = characters.next() {
        match next {
            '/' if characters.next_if_eq(&'/').is_some() => push_to_last(&mut names, '/'),
            '/' => names.push(String::new()),
            _ => push_to_last(&mut names, next),
        }
    }
    let mut names: Vec<String> =
        names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let is_context = |name: &str| name.len() > 2 && name.starts_with('$') && name.ends_with('$');
    if names.first().is_some_and(|name| is_context(name)) {
        names.remove(0);
    }
    if names.first().is_some_and(|name| name.eq_ignore_ascii_case("top")) {
        names.remove(0);
    }
    let topic = names.pop();
    let category = (!names.is_empty()).then(|| names.join("/"));
    (category, topic)
}

fn push_to_last(names: &mut [String], next: char) {
    if let Some(last) = names.last_mut() {
        last.push(next);
    }
}

/// Stores a tag such as `difficulty:2`, `technique:units` or `revision` in the field that it names.
pub(crate) fn apply_tag(question: &mut Question, tag: &str) {
    let tag = tag.trim();
    let (name, value) = tag.split_once([':', '=']).map_or(("", tag), |(name, value)| (name.trim(), value.trim()));
    match name.to_ascii_lowercase().as_str() {
        "difficulty" => {
            if let Ok(difficulty @ 1..=5) = value.parse() {
                question.difficulty = Some(difficulty);
                return;
            }
        }
        "technique" if !value.is_empty() => {
            question.techniques.push(value.to_owned());
            return;
        }
        "topic" if !value.is_empty() => {
            question.topic = Some(value.to_owned());
            return;
        }
        "category" if !value.is_empty() => {
            question.category = Some(value.to_owned());
            return;
        }
        "minutes" => {
            if let Some(minutes) = value.parse().ok().filter(|minutes: &f64| minutes.is_finite() && *minutes > 0.0) {
                question.minutes = Some(minutes);
                return;
            }
        }
        "number" => {
            if let Ok(number @ 1..) = value.parse() {
                question.number = Some(number);
                return;
            }
        }
        "bonus" if value == "yes" => {
            question.is_bonus = true;
            return;
        }
        _ => {}
    }
    if !tag.is_empty() && !question.tags.iter().any(|known| known == tag) {
        question.tags.push(tag.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_split_at_single_slashes() {
        for (path, category, topic) in [
            ("$course$/top/Vectors/Gradient", Some("Vectors"), Some("Gradient")),
            ("$course$/top/Physics 1/Energy//Work", Some("Physics 1"), Some("Energy/Work")),
            ("Units/Length", Some("Units"), Some("Length")),
            ("Sets", None, Some("Sets")),
            ("$module$/top/A/B/C ", Some("A/B"), Some("C")),
            ("$course$/top", None, None),
            ("", None, None),
            ("$system$/Top hats/X", Some("Top hats"), Some("X")),
        ] {
            let found = split_category(path);
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (category, topic), "{path}");
        }
    }

    #[test]
    fn tags_fill_the_fields_that_they_name() {
        let mut question = Question::default();
        for tag in
            ["difficulty:2", "technique: by parts", "minutes=7.5", "exam 2020", "difficulty:hard", "topic:Units", ""]
        {
            apply_tag(&mut question, tag);
        }
        assert_eq!((question.difficulty, question.minutes), (Some(2), Some(7.5)));
        assert_eq!(question.techniques, ["by parts"]);
        assert_eq!(question.topic.as_deref(), Some("Units"));
        assert_eq!(question.tags, ["exam 2020", "difficulty:hard"]);
    }
}
