//! Takes the figures out of a catalogue: checks each, writes it again without what does not belong to the image, and leaves a
//! reference in the question.

mod raster;
mod svg;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use shared::domain::catalog::draft::{CatalogDraft, QuestionDraft, RefusedRow, Warning};
use shared::domain::catalog::figures::{
    FIGURE_BYTES_MAX, FIGURES_COLUMN, FIGURES_MAX, Figure, FigureDigest, FigureFile, MediaType,
};

/// Maximum bytes of a figure in the file, before it is written again.
const SOURCE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Maximum characters of a name or of an alternative text.
const TEXT_CHARS_MAX: usize = 1_000;

/// A figure as the catalogue file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    media_type: MediaType,
    /// Base64.
    data: String,
    #[serde(default)]
    alt: Option<String>,
}

/// An image that was written again.
struct Image {
    bytes: Vec<u8>,
    width: Option<u32>,
    height: Option<u32>,
    /// What was left out of it.
    removed: Vec<String>,
}

/// The figures of a course.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Each once, by digest.
    pub(crate) files: Vec<FigureFile>,
    /// Figures that a question names by digest alone, as a stored question does.
    pub(crate) references: BTreeMap<FigureDigest, Vec<String>>,
    pub(crate) refused: Vec<RefusedRow>,
    pub(crate) warnings: Vec<Warning>,
}

/// Takes the figures out of the questions of a course file. Questions with a figure that cannot be taken are removed.
pub(crate) fn take(draft: &mut CatalogDraft) -> Taken {
    let mut taken = Taken::default();
    let mut files = BTreeMap::new();
    draft.questions.retain_mut(|question| {
        let id = question.id.to_string();
        for digest in references_of(question) {
            taken.references.entry(digest).or_default().push(id.clone());
        }
        match take_from(question, &mut files) {
            Ok(removed) => {
                let warning = |text| Warning { table: "questions", id: id.clone(), text };
                taken.warnings.extend(removed.into_iter().map(warning));
                true
            }
            Err(reason) => {
                taken.refused.push(RefusedRow { table: "questions", id, reason });
                false
            }
        }
    });
    taken.files = files.into_values().collect();
    taken
}

/// A figure of the file that is a reference to a stored one.
fn reference(source: &Value) -> Option<Figure> {
    source.get("data").is_none().then(|| serde_json::from_value(source.clone()).ok()).flatten()
}

fn references_of(question: &QuestionDraft) -> Vec<FigureDigest> {
    let column = question.extra.get(FIGURES_COLUMN).and_then(Value::as_array);
    column.into_iter().flatten().filter_map(reference).map(|figure| figure.digest).collect()
}

/// Replaces the figures of a question by references. Returns what was left out of them.
fn take_from(
    question: &mut QuestionDraft,
    files: &mut BTreeMap<FigureDigest, FigureFile>,
) -> Result<Vec<String>, String> {
    let Some(column) = question.extra.get_mut(FIGURES_COLUMN) else { return Ok(Vec::new()) };
    let Value::Array(sources) = column else { return Err(format!("{FIGURES_COLUMN} must be a list")) };
    if sources.len() > FIGURES_MAX {
        return Err(format!("{} figures are more than {FIGURES_MAX}", sources.len()));
    }
    let (mut references, mut removed, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (at, source) in std::mem::take(sources).into_iter().enumerate() {
        let place = |fault: String| format!("{FIGURES_COLUMN}[{at}]: {fault}");
        if reference(&source).is_some() {
            references.push(source);
            continue;
        }
        let (figure, file, left_out) = taken_figure(source).map_err(place)?;
        removed.extend(left_out.into_iter().map(|what| place(format!("{what} was left out"))));
        references.push(serde_json::to_value(figure).map_err(|error| place(error.to_string()))?);
        found.push(file);
    }
    *column = Value::Array(references);
    files.extend(found.into_iter().map(|file| (file.digest.clone(), file)));
    Ok(removed)
}

/// A list of figures as it is stored: references in place of images. A figure that cannot be taken stays as it is.
pub(super) fn references(figures: &Value) -> Value {
    let as_reference = |source: &Value| {
        let figure = reference(source).or_else(|| taken_figure(source.clone()).ok().map(|(figure, _, _)| figure));
        figure.and_then(|figure| serde_json::to_value(figure).ok()).unwrap_or_else(|| source.clone())
    };
    figures.as_array().map_or_else(|| figures.clone(), |list| list.iter().map(as_reference).collect())
}

fn taken_figure(source: Value) -> Result<(Figure, FigureFile, Vec<String>), String> {
    if !source.is_object() {
        return Err("must be an object".to_owned());
    }
    let source: Source = serde_json::from_value(source).map_err(|error| error.to_string())?;
    let texts = [Some(&source.name), source.alt.as_ref()];
    if texts.into_iter().flatten().any(|text| text.chars().count() > TEXT_CHARS_MAX) {
        return Err(format!("name and alt have at most {TEXT_CHARS_MAX} characters"));
    }
    if source.data.len() / 4 * 3 > SOURCE_BYTES_MAX {
        return Err(format!("data has more than {SOURCE_BYTES_MAX} bytes"));
    }
    let data: Vec<u8> = source.data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(data).map_err(|_| "data is not base64".to_owned())?;
    let image = match source.media_type {
        MediaType::Png => raster::png(&bytes),
        MediaType::Jpeg => raster::jpeg(&bytes),
        MediaType::Svg => svg::svg(&bytes),
    }?;
    if image.bytes.len() > FIGURE_BYTES_MAX {
        let bytes = image.bytes.len();
        return Err(format!(
            "it has {bytes} bytes after it was written again; a figure has at most {FIGURE_BYTES_MAX}"
        ));
    }
    let digest = FigureDigest::of(&image.bytes);
    let file = FigureFile { digest: digest.clone(), media_type: source.media_type, bytes: image.bytes };
    let alt = source.alt.filter(|alt| !alt.trim().is_empty());
    let figure = Figure {
        digest,
        media_type: source.media_type,
        name: Some(source.name),
        alt,
        width: image.width,
        height: image.height,
    };
    Ok((figure, file, image.removed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"><path d="M0 0"/></svg>"#;

    fn draft(figures: &Value) -> CatalogDraft {
        let question = |id: &str| json!({"id": id, "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "", "figures": figures});
        CatalogDraft {
            course: serde_json::from_value(json!({"id": "c", "name": "C"})).unwrap(),
            exams: vec![],
            topics: vec![],
            patterns: vec![],
            questions: serde_json::from_value(json!([question("q1"), question("q2")])).unwrap(),
        }
    }

    fn source(text: &str) -> Value {
        json!({"name": "a.svg", "media_type": "image/svg+xml", "data": STANDARD.encode(text), "alt": "A line"})
    }

    #[test]
    fn a_figure_of_two_questions_is_taken_once() {
        let mut draft = draft(&json!([source(SVG)]));
        let taken = take(&mut draft);
        assert_eq!((taken.files.len(), taken.refused.len(), taken.warnings.len()), (1, 0, 0));
        assert_eq!(
            draft.questions[1].extra["figures"],
            json!([{
                "digest": taken.files[0].digest, "media_type": "image/svg+xml", "name": "a.svg", "alt": "A line",
                "width": 10, "height": 5,
            }])
        );
    }

    #[test]
    fn faults_are_named_and_remove_the_question() {
        let with = |member: &str, value: Value| {
            let mut figure = source(SVG);
            figure[member] = value;
            json!([figure])
        };
        let long =
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>{}</desc></svg>", "x".repeat(FIGURE_BYTES_MAX));
        for (figures, fault) in [
            (json!("a.png"), "figures must be a list"),
            (json!(vec![source(SVG); 21]), "21 figures are more than 20"),
            (json!([source(SVG), 7]), "figures[1]: must be an object"),
            (with("data", json!("%%")), "figures[0]: data is not base64"),
            (with("data", json!(STANDARD.encode("no XML"))), "figures[0]: the SVG cannot be read: "),
            (with("data", json!("A".repeat(12 * 1024 * 1024))), "figures[0]: data has more than 8388608 bytes"),
            (with("media_type", json!("image/png")), "figures[0]: the PNG cannot be read: "),
            (with("media_type", json!("image/jpeg")), "figures[0]: the JPEG cannot be read: "),
            (with("media_type", json!("image/gif")), "figures[0]: unknown variant `image/gif`"),
            (with("alt", json!("x".repeat(1_001))), "figures[0]: name and alt have at most 1000 characters"),
            (with("src", json!("a.svg")), "figures[0]: unknown field `src`"),
            (json!([source(&long)]), "figures[0]: it has 262"),
        ] {
            let mut draft = draft(&figures);
            let taken = take(&mut draft);
            assert_eq!((draft.questions.len(), taken.files.len()), (0, 0));
            assert!(taken.refused[0].reason.starts_with(fault), "{}", taken.refused[0]);
        }
    }

    #[test]
    fn what_is_left_out_is_told() {
        let mut draft =
            draft(&json!([source(r#"<svg xmlns="http://www.w3.org/2000/svg" onload="x"><script/></svg>"#)]));
        let told: Vec<String> = take(&mut draft).warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told[..2],
            [
                "questions q1: figures[0]: the attribute onload was left out",
                "questions q1: figures[0]: the element script was left out"
            ]
        );
    }
}
