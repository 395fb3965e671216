//! Exercises of H5P: a package (`.h5p`), or the `content.json` in it.

mod gaps;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Accepted, Answer, Bank, Choice, Form, FormatError, Part, Place, Question, Remark,
    decode::decode,
    package::{Package, resolve},
    rich::{FindFile, Rich},
};
use gaps::{Gaps, Style};

const QUESTIONS_MAX: usize = 20_000;
/// `serde_json` bounds the depth of a document by 128; containers in containers need less.
const CONTAINERS_MAX: usize = 16;

/// Reads a package of H5P, or its content alone.
///
/// # Errors
/// The file is no package or content of H5P, or its kind is not supported.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if Package::is_zip(bytes) {
        let package = Package::from_zip(bytes)?;
        let missing = |path: &str| FormatError(format!("This is no package of H5P: it has no {path}."));
        let about = json(package.get("h5p.json").ok_or_else(|| missing("h5p.json"))?)?;
        let content = json(package.get("content/content.json").ok_or_else(|| missing("content/content.json"))?)?;
        let library = about["mainLibrary"].as_str().unwrap_or_default().to_owned();
        let title = about["title"].as_str().map(str::to_owned);
        let find = |source: &str| {
            let path = resolve("content/content.json", source)?;
            package.find(&path).map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
        };
        let mut reader = Reader::new(file_name, &find);
        for (path, why) in package.left_out() {
            reader.skip(None, format!("{path} was left out: {why}."));
        }
        reader.content(&library, &content, &Named { title, ..Named::default() }, 0);
        return reader.finish();
    }
    let content = json(bytes)?;
    let library =
        library_of(&content).ok_or_else(|| FormatError("This is no content of H5P that is known.".to_owned()))?;
    let mut reader = Reader::new(file_name, &|_| None);
    reader.content(library, &content, &Named::default(), 0);
    reader.finish()
}

fn json(bytes: &[u8]) -> Result<Value, FormatError> {
    serde_json::from_str(&decode(bytes)?.text)
        .map_err(|error| FormatError(format!("The content is no valid JSON: {error}.")))
}

/// The kind of a content that stands alone, told by its fields.
fn library_of(content: &Value) -> Option<&'static str> {
    let has = |key: &str| !content[key].is_null();
    let first = |key: &str| content[key].as_array().and_then(|list| list.first());
    if let Some(question) = first("questions") {
        return Some(if question.is_string() { "H5P.Blanks" } else { "H5P.QuestionSet" });
    }
    if has("answers") && has("question") {
        return Some("H5P.MultiChoice");
    }
    if has("correct") && has("question") {
        return Some("H5P.TrueFalse");
    }
    if first("choices").is_some_and(|choice| choice["answers"].is_array()) {
        return Some("H5P.SingleChoiceSet");
    }
    if has("textField") {
        return Some("H5P.DragText");
    }
    if has("presentation") {
        return Some("H5P.CoursePresentation");
    }
    if has("chapters") {
        return Some("H5P.InteractiveBook");
    }
    first("content").is_some().then_some("H5P.Column")
}

/// What the frame of an exercise says about it.
#[derive(Debug, Clone, Default)]
struct Named {
    id: Option<String>,
    title: Option<String>,
}

struct Reader<'a> {
    file: &'a str,
    find: &'a FindFile<'a>,
    bank: Bank,
    /// Parts that are no exercises, by their kind.
    others: BTreeMap<String, usize>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, find: &'a FindFile<'a>) -> Self {
        Self { file, find, bank: Bank::default(), others: BTreeMap::new() }
    }

    fn finish(mut self) -> Result<Bank, FormatError> {
        for (kind, count) in std::mem::take(&mut self.others) {
            self.skip(None, format!("{count} parts of the kind {kind} are no exercises; they were left out."));
        }
        if self.bank.questions.is_empty() && self.bank.refused.is_empty() {
            return Err(FormatError("The content of H5P has no questions.".to_owned()));
        }
        Ok(self.bank)
    }

    fn place(&self, id: Option<&str>) -> Place {
        Place { file: self.file.to_owned(), id: id.map(str::to_owned), ..Place::default() }
    }

    fn skip(&mut self, id: Option<&str>, text: String) {
        self.bank.skipped.push(Remark { place: self.place(id), text });
    }

    fn refuse(&mut self, named: &Named, text: &str) {
        let title = named.title.as_deref().map(|title| format!("\"{title}\": ")).unwrap_or_default();
        self.bank.refused.push(Remark { place: self.place(named.id.as_deref()), text: format!("{title}{text}") });
    }

    /// Reads what `{"library": …, "params": …}` frames.
    fn framed(&mut self, frame: &Value, depth: usize) {
        let library = frame["library"].as_str().unwrap_or_default();
        if library.is_empty() {
            return;
        }
        let title = frame["metadata"]["title"].as_str().map(str::trim);
        let title = title.filter(|title| !title.is_empty() && !title.starts_with("Untitled")).map(str::to_owned);
        let id = frame["subContentId"].as_str().map(str::to_owned);
        self.content(library, &frame["params"], &Named { id, title }, depth);
    }

    fn frames(&mut self, list: &Value, key: Option<&str>, depth: usize) {
        for frame in list.as_array().into_iter().flatten() {
            self.framed(key.map_or(frame, |key| &frame[key]), depth);
        }
    }

    /// Reads the content of a library, such as `H5P.MultiChoice 1.16`.
    fn content(&mut self, library: &str, params: &Value, named: &Named, depth: usize) {
        if depth > CONTAINERS_MAX || self.bank.questions.len() >= QUESTIONS_MAX {
            self.refuse(named, "The content is nested too deeply or has too many questions.");
            return;
        }
        let kind = library.split(' ').next().unwrap_or_default().trim_start_matches("H5P.").to_owned();
        let read: Result<(), String> = match kind.as_str() {
            "QuestionSet" => {
                self.frames(&params["questions"], None, depth + 1);
                Ok(())
            }
            "Column" => {
                self.frames(&params["content"], Some("content"), depth + 1);
                Ok(())
            }
            "InteractiveBook" => {
                self.frames(&params["chapters"], None, depth + 1);
                Ok(())
            }
            "CoursePresentation" => {
                for slide in params["presentation"]["slides"].as_array().into_iter().flatten() {
                    self.frames(&slide["elements"], Some("action"), depth + 1);
                }
                Ok(())
            }
            "InteractiveVideo" => {
                self.frames(&params["interactiveVideo"]["assets"]["interactions"], Some("action"), depth + 1);
                Ok(())
            }
            "MultiChoice" => self.multiple_choice(params, named),
            "TrueFalse" => self.true_or_false(params, named),
            "Blanks" => self.blanks(params, named),
            "DragText" => self.drag_text(params, named),
            "SingleChoiceSet" => self.single_choices(&params["choices"], "answers", named),
            "Summary" => self.single_choices(&params["summaries"], "summary", named),
            "Essay" => self.essay(params, named),
            "Flashcards" => self.cards(&params["cards"], named),
            "Dialogcards" => self.cards(&params["dialogs"], named),
            "AdvancedText" | "Text" | "Image" | "Video" | "Audio" | "Link" | "Table" | "Accordion" | "IFrameEmbed"
            | "Nil" | "Shape" => {
                *self.others.entry(format!("H5P.{kind}")).or_default() += 1;
                Ok(())
            }
            _ => Err(format!("the kind H5P.{kind} is not supported")),
        };
        if let Err(why) = read {
            self.refuse(named, &format!("The question was refused: {why}."));
        }
    }

    /// Takes a question with what all kinds have: a title, an id, a picture above it.
    fn take(
        &mut self,
        named: &Named,
        params: &Value,
        mut rich: Rich,
        warnings: Vec<String>,
        stem: String,
        parts: Vec<Part>,
    ) {
        let mut stem = stem;
        let media = &params["media"]["type"];
        if media["library"].as_str().is_some_and(|library| library.starts_with("H5P.Image"))
            && let Some(path) = media["params"]["file"]["path"].as_str()
        {
            let mut html = "<img src=\"".to_owned();
            crate::xml::push_escaped(&mut html, path);
            html.push_str("\" alt=\"");
            crate::xml::push_escaped(&mut html, media["params"]["alt"].as_str().unwrap_or_default());
            html.push_str("\">");
            let figure = rich.html(&html, self.find);
            stem = [stem.as_str(), figure.as_str()].join("\n");
        } else if let Some(library) = media["library"].as_str() {
            rich.warnings.push(format!("The medium {library} above the question is lost."));
        }
        let place = self.place(named.id.as_deref());
        for text in warnings.into_iter().chain(rich.warnings) {
            self.bank.warnings.push(Remark { place: place.clone(), text });
        }
        self.bank.questions.push(Question {
            place,
            title: named.title.clone(),
            stem,
            parts,
            figures: rich.figures,
            ..Question::default()
        });
    }

    fn multiple_choice(&mut self, params: &Value, named: &Named) -> Result<(), String> {
        let mut rich = Rich::default();
        let mut warnings = Vec::new();
        let stem = self.text(&params["question"], &mut rich);
        if stem.is_empty() {
            return Err("it has no text".to_owned());
        }
        let mut options = Vec::new();
        for answer in params["answers"].as_array().into_iter().flatten() {
            let text = self.text(&answer["text"], &mut rich);
            if text.is_empty() {
                continue;
            }
            let feedback = &answer["tipsAndFeedback"];
            let lost = [&feedback["tip"], &feedback["notChosenFeedback"]].map(|html| self.text(html, &mut rich));
            if lost.iter().any(|text| !text.is_empty()) {
                warnings.push(format!("The tip or the feedback for not choosing \"{text}\" is lost."));
            }
            let feedback = Some(self.text(&feedback["chosenFeedback"], &mut rich)).filter(|text| !text.is_empty());
            options.push(Choice { text, is_right: is_true(&answer["correct"]), weight: None, feedback });
        }
        let right = options.iter().filter(|option| option.is_right).count();
        if options.len() < 2 || options.len() > 26 {
            return Err(format!("it has {} options", options.len()));
        }
        if right == 0 {
            return Err("no option is right".to_owned());
        }
        let behaviour = &params["behaviour"];
        let several = match behaviour["type"].as_str() {
            Some("single") => false,
            Some("multi") => true,
            _ => right > 1,
        };
        let is_single_point = is_true(&behaviour["singlePoint"]) || !several;
        let mut points = 1.0;
        if !is_single_point {
            // A right box gives a point there, a wrong one takes one.
            points = f64::from(u32::try_from(right).unwrap_or(1));
            for option in &mut options {
                option.weight = Some(if option.is_right { 1.0 / points } else { -1.0 / points });
            }
        }
        let answer = Answer::Choice { options, several, weighted: !is_single_point };
        self.take(named, params, rich, warnings, stem, vec![Part { answer, points: Some(points), ..Part::default() }]);
        Ok(())
    }

    fn true_or_false(&mut self, params: &Value, named: &Named) -> Result<(), String> {
        let mut rich = Rich::default();
        let stem = self.text(&params["question"], &mut rich);
        // `correct` is a text there; anything else would be a guess.
        let is_right = match &params["correct"] {
            Value::Bool(value) => *value,
            Value::String(text) if text == "true" || text == "false" => text == "true",
            _ => return Err("it does not say whether it is true or false".to_owned()),
        };
        if stem.is_empty() {
            return Err("it has no text".to_owned());
        }
        let behaviour = &params["behaviour"];
        let mut feedback = |key: &str| Some(self.text(&behaviour[key], &mut rich)).filter(|text| !text.is_empty());
        let (right, wrong) = (feedback("feedbackOnCorrect"), feedback("feedbackOnWrong"));
        let option = |text: &str, value: bool| {
            let feedback = if value == is_right { right.clone() } else { wrong.clone() };
            Choice { text: text.to_owned(), is_right: value == is_right, weight: None, feedback }
        };
        let answer = Answer::Choice {
            options: vec![option("True", true), option("False", false)],
            several: false,
            weighted: false,
        };
        self.take(named, params, rich, Vec::new(), stem, vec![Part { answer, points: Some(1.0), ..Part::default() }]);
        Ok(())
    }

    fn blanks(&mut self, params: &Value, named: &Named) -> Result<(), String> {
        let mut rich = Rich::default();
        let mut gaps = Gaps { text: self.text(&params["text"], &mut rich), ..Gaps::default() };
        let behaviour = &params["behaviour"];
        let match_case = behaviour["caseSensitive"].is_null() || is_true(&behaviour["caseSensitive"]);
        for text in params["questions"].as_array().into_iter().flatten() {
            gaps.add(text.as_str().unwrap_or_default(), Style::Blanks, match_case, &mut rich, self.find)?;
        }
        if gaps.parts.is_empty() {
            return Err("it has no gap".to_owned());
        }
        if is_true(&behaviour["acceptSpellingErrors"]) {
            gaps.warnings.push("H5P accepts small spelling errors here; that is lost.".to_owned());
        }
        self.take(named, params, rich, gaps.warnings, gaps.text, gaps.parts);
        Ok(())
    }

    fn drag_text(&mut self, params: &Value, named: &Named) -> Result<(), String> {
        let mut rich = Rich::default();
        let mut gaps = Gaps { text: self.text(&params["taskDescription"], &mut rich), ..Gaps::default() };
        let text = params["textField"].as_str().unwrap_or_default().replace('\n', "<br>");
        gaps.add(&text, Style::DragText, false, &mut rich, self.find)?;
        if gaps.parts.is_empty() {
            return Err("it has no gap".to_owned());
        }
        gaps.warnings.push("The words are dragged into the gaps there; here they are typed.".to_owned());
        if params["distractors"].as_str().is_some_and(|words| !words.trim().is_empty()) {
            gaps.warnings.push("The words that fit no gap are lost.".to_owned());
        }
        self.take(named, params, rich, gaps.warnings, gaps.text, gaps.parts);
        Ok(())
    }

    /// Single choices of which the first answer is right; H5P shows them in random order.
    fn single_choices(&mut self, list: &Value, key: &str, named: &Named) -> Result<(), String> {
        let list = list.as_array().filter(|list| !list.is_empty()).ok_or("it has no questions")?;
        for (at, choice) in list.iter().enumerate() {
            let mut rich = Rich::default();
            let stem = self.text(&choice["question"], &mut rich);
            let stem =
                if stem.is_empty() && key == "summary" { "Choose the correct statement.".to_owned() } else { stem };
            let texts =
                choice[key].as_array().into_iter().flatten().map(|text| self.text(text, &mut rich)).collect::<Vec<_>>();
            let options: Vec<Choice> = texts
                .into_iter()
                .filter(|text| !text.is_empty())
                .enumerate()
                .map(|(at, text)| Choice { text, is_right: at == 0, ..Choice::default() })
                .collect();
            let id = choice["subContentId"].as_str().map(str::to_owned);
            let named = Named {
                id: id.or_else(|| named.id.as_ref().map(|id| format!("{id}/{}", at + 1))),
                title: named.title.clone(),
            };
            if stem.is_empty() || options.len() < 2 || options.len() > 26 {
                self.refuse(
                    &named,
                    &format!("Question {} was refused: it has no text or {} options.", at + 1, options.len()),
                );
                continue;
            }
            let answer = Answer::Choice { options, several: false, weighted: false };
            self.take(
                &named,
                &Value::Null,
                rich,
                Vec::new(),
                stem,
                vec![Part { answer, points: Some(1.0), ..Part::default() }],
            );
        }
        Ok(())
    }

    fn essay(&mut self, params: &Value, named: &Named) -> Result<(), String> {
        let mut rich = Rich::default();
        let stem = self.text(&params["taskDescription"], &mut rich);
        if stem.is_empty() {
            return Err("it has no text".to_owned());
        }
        let solution = Some(self.text(&params["solution"]["sample"], &mut rich)).filter(|text| !text.is_empty());
        let warnings = vec!["H5P counts keywords in an essay; here the student marks it.".to_owned()];
        self.take(named, params, rich, warnings, stem, vec![Part { solution, ..Part::default() }]);
        Ok(())
    }

    /// Cards with a text and its answer.
    fn cards(&mut self, list: &Value, named: &Named) -> Result<(), String> {
        let list = list.as_array().filter(|list| !list.is_empty()).ok_or("it has no cards")?;
        for (at, card) in list.iter().enumerate() {
            let mut rich = Rich::default();
            let (stem, text) = (self.text(&card["text"], &mut rich), self.text(&card["answer"], &mut rich));
            let named =
                Named { id: named.id.as_ref().map(|id| format!("{id}/{}", at + 1)), title: named.title.clone() };
            if stem.is_empty() || text.is_empty() {
                self.refuse(&named, &format!("Card {} was refused: it has no text or no answer.", at + 1));
                continue;
            }
            let form = Form::Text { text, match_case: false, has_wildcards: false };
            let answer = Answer::Accepted(vec![Accepted { form, fraction: 1.0, unit: None, feedback: None }]);
            self.take(&named, &Value::Null, rich, Vec::new(), stem, vec![Part { answer, ..Part::default() }]);
        }
        Ok(())
    }

    fn text(&self, html: &Value, rich: &mut Rich) -> String {
        html.as_str().map(|html| rich.html(html, self.find)).unwrap_or_default()
    }
}

/// H5P writes `true` as a boolean, and in places as a text.
fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}
