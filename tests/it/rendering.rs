//! Formulas are drawn at the import, and shown by `?render=html` and in print.

use pastpaper::import::{import_catalog, import_d1};
use pastpaper::render::{RenderReport, render_course};
use serde_json::{Value, json};
use shared::domain::catalog::complete::Catalog;
use shared::domain::catalog::{Course, QuestionSummary};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId};
use shared::domain::text::{DrawnFormulas, html, parse};
use shared::store::CatalogWrite;
use tests::{Person, SMALL_COURSE, TestApp};

use crate::import::{DUMP, written};

fn small_course() -> Value {
    serde_json::from_str(SMALL_COURSE).unwrap()
}

/// A course of one question with every kind of text.
fn rich_course() -> Value {
    let mut course = small_course();
    course["course"]["macros"] = json!({"\\R": "\\mathbb{R}", "\\ev": "\\operatorname{E}[#1]"});
    course["questions"] = json!([{
        "id": "rich", "topic_id": "alg-sets", "source_points": 4,
        "question_text": "Let $f:\\R\\to\\R$ be <b>even</b>, & $[gap 1] < \\ev{X}$.\n\\[ x = \\frac12 \\]\n\
            \\begin{tabular}{cc} $a$ & b \\\\ c & d \\end{tabular}\n\\begin{itemize}\\item one \\item two\\end{itemize}\n\
            \\begin{verbatim}\nif x < 1:\n  y\n\\end{verbatim}\nIt costs $5 and $6. See [figure 1]. $\\nosuchcommand$",
        "solution_steps": ["By $\\ce{2H2 + O2 -> 2H2O}$."], "answer": "",
        "parts": [
            {"is_gap": true, "answer": "\\frac{1}{3}"},
            {"text": "Which $g$?", "answer": "A", "points": 2, "solution_steps": ["$g=1$"],
             "options": [{"letter": "A", "text": "$\\int_0^1 g$", "is_correct": true},
                         {"letter": "B", "text": "none", "is_correct": false}]},
        ],
    }]);
    course
}

/// Every HTML member below a value, with its name.
fn html_members(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(html) if name == "html" || name.ends_with("_html") => {
                        found.push((name.clone(), html.clone()));
                    }
                    value => found.extend(html_members(value)),
                }
            }
        }
        Value::Array(values) => found.extend(values.iter().flat_map(html_members)),
        _ => {}
    }
    found
}

/// Elements of a text outside of formulas. `::rendering::is_safe` checks the formulas.
const ELEMENTS: [&str; 18] = [
    "p", "ol", "ul", "li", "table", "tr", "td", "th", "pre", "code", "strong", "em", "u", "sup", "sub", "br", "img",
    "b",
];

/// Checks that a text has formulas and elements of the list only, each closed in its place.
#[track_caller]
fn assert_safe(html: &str) {
    let mut rest = html;
    let mut outside = String::new();
    while let Some(start) = rest.find("<math") {
        let end = start + rest[start..].find("</math>").unwrap() + "</math>".len();
        assert!(::rendering::is_safe(&rest[start..end]), "{}", &rest[start..end]);
        outside.push_str(&rest[..start]);
        rest = &rest[end..];
    }
    outside.push_str(rest);
    let mut open = Vec::new();
    let mut rest = outside.as_str();
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{html}");
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "{name}: {html}");
        let is_allowed = match name {
            "ol" => attributes.is_empty() || attributes.starts_with("type=\""),
            "td" | "th" => attributes.is_empty() || attributes.starts_with("colspan=\""),
            "img" => attributes.starts_with("src=\""),
            _ => attributes.is_empty(),
        };
        assert!(is_allowed && !attributes.contains("on"), "{tag}");
        if !matches!(name, "br" | "img") {
            open.push(name);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'), "{html}");
}

async fn stored_course(test: &TestApp, id: &str) -> Course {
    test.app.store.course(&CourseId::try_from(id).unwrap()).await.unwrap().unwrap()
}

/// Stores the questions of a course as before formulas were drawn, or as another renderer drew them.
async fn redraw_as(test: &TestApp, id: &str, drawn: Option<u32>) {
    let course = stored_course(test, id).await;
    let bank = test.app.store.bank(&course).await.unwrap();
    let summaries: Vec<&QuestionSummary> = bank.questions.iter().collect();
    let mut questions: Vec<_> = test.app.store.whole(&summaries).await.unwrap().into_values().collect();
    for question in &mut questions {
        question.drawn = drawn.map(|renderer| DrawnFormulas { renderer, ..DrawnFormulas::default() }.into());
    }
    let catalog = Catalog { course, exams: vec![], topics: vec![], patterns: vec![], questions };
    let _ = test.app.store.write_catalog(catalog, &CatalogWrite::whole(test.app.now())).await.unwrap();
}

async fn question_html(person: &Person, id: &str) -> String {
    let question = person.get(&format!("/api/questions/{id}?render=html")).await.ok();
    question["question"]["question_html"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn imported_formulas_are_drawn_in_every_response_with_questions() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 40).await;
    let locked = question_html(&ada, "alg-q1").await;
    assert!(locked.starts_with("<p>Solve <math") && locked.contains("<mn>2</mn><mi>x</mi>"), "{locked}");

    let html_of = |answer: &Value| html_members(answer);
    let started = ada.post("/api/questions/alg-q1/start?render=html", json!({})).await.ok();
    let names: Vec<String> = html_of(&started).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["question_html"]);
    let solution = ada.post("/api/questions/alg-q1/solution?render=html", json!({})).await.ok();
    assert!(solution["solution_html"].as_str().unwrap().starts_with("<p>Subtract 3: <math"), "{solution}");
    assert_eq!(solution["answer_html"], "2");

    let bundle = json!({"course_id": "algebra"});
    let practice = json!({"course_id": "algebra", "count": 2});
    let midterm = json!({"course_id": "algebra", "difficulty": "easy"});
    let mut answers = vec![
        ada.get("/api/questions?course_id=algebra&render=html").await.ok(),
        ada.post("/api/questions/practice?render=html", practice).await.ok(),
        ada.post("/api/questions/bundle?render=html", bundle).await.ok(),
        ada.post("/api/midterm/generate?render=html", midterm).await.ok(),
        ada.get("/api/featured-question?render=html").await.ok(),
    ];
    let id = answers[3]["midterm_id"].as_str().unwrap().to_owned();
    answers.push(ada.get(&format!("/api/midterm/{id}?render=html")).await.ok());
    for answer in &answers {
        let questions = answer["questions"].as_array().cloned().unwrap_or_else(|| vec![answer["question"].clone()]);
        for question in &questions {
            let html = question["question_html"].as_str().unwrap();
            assert_eq!(html.contains("<math"), question["question_text"].as_str().unwrap().contains('$'), "{html}");
            assert_eq!(question["solution_html"].is_string(), question["solution_steps"].is_string(), "{question}");
        }
    }
    assert_eq!(answers[3]["questions"], answers[5]["questions"]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn responses_have_html_only_on_request() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 40).await;
    let plain = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 6})).await.ok();
    assert_eq!(html_members(&plain), []);
    for path in ["/api/questions?course_id=algebra", "/api/questions/alg-q1", "/api/featured-question"] {
        assert_eq!(html_members(&ada.get(path).await.ok()), []);
        let separator = if path.contains('?') { '&' } else { '?' };
        let problem = ada.get(&format!("{path}{separator}render=pdf")).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "render", "{problem}");
    }
    let credits = ada.credits().await;
    let body = json!({"course_id": "algebra"});
    let _ = ada.post("/api/questions/practice?render=latex", body).await.problem(422, "invalid_field");
    assert_eq!(ada.credits().await, credits);
}

#[tokio::test]
async fn a_replayed_purchase_may_ask_for_html() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let body = json!({"course_id": "algebra", "count": 2});
    let first = ada.post_once("/api/questions/practice", "once", body.clone()).await.ok();
    let again = ada.post_once("/api/questions/practice?render=html", "once", body).await.ok();
    assert_eq!((&first["credits"], html_members(&first).len()), (&again["credits"], 0));
    assert!(again["questions"].as_array().unwrap().iter().all(|question| question["question_html"].is_string()));
}

#[tokio::test]
async fn every_kind_of_text_is_safe_markup_with_its_formulas() {
    let test = TestApp::empty().await;
    let summary = import_catalog(&test.app, &rich_course().to_string(), false).await.unwrap();
    let warnings = summary.to_string();
    assert!(warnings.contains(r"question_text has a formula that cannot be drawn: \nosuchcommand"), "{warnings}");
    let ada = test.user("ada").await;
    let practice = json!({"course_id": "algebra", "count": 1});
    let answer = ada.post("/api/questions/practice?render=html", practice).await.ok();
    let question = &answer["questions"][0];
    let members = html_members(question);
    // The whole, the stem, the solution and the answer; text, answer and solution of two parts; two options.
    assert_eq!(members.len(), 12, "{members:?}");
    for (_, html) in &members {
        assert_safe(html);
    }
    let shown = question["question_html"].as_str().unwrap();
    for part in [
        "ℝ",
        "&lt;b&gt;even&lt;/b&gt;, &amp; <math",
        "<mfrac>",
        "<table><tr><td><math",
        "<ul><li>one</li>",
        "<pre>if x &lt; 1:",
        "It costs $5 and $6. See [figure 1]. <code>\\nosuchcommand</code>",
        "(b) Which <math",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(question["solution_html"].as_str().unwrap().contains("<math"));
    assert!(question["parts"][0]["answer_html"].as_str().unwrap().contains("<mfrac>"));
    assert!(question["parts"][1]["options"][0]["html"].as_str().unwrap().contains("∫"));
    assert_eq!(question["parts"][1]["options"][1]["html"], "none");
}

#[tokio::test]
async fn a_course_that_was_never_drawn_shows_latex_as_code_until_it_is_rendered() {
    let test = TestApp::start().await;
    redraw_as(&test, "algebra", None).await;
    let ada = test.user("ada").await;
    assert_eq!(question_html(&ada, "alg-q1").await, "<p>Solve <code>2x + 3 = 7</code>.</p>");
    let midterm = ada.midterm().await;

    let dry = render_course(&test.app, &stored_course(&test, "algebra").await, true).await.unwrap();
    assert_eq!(question_html(&ada, "alg-q1").await, "<p>Solve <code>2x + 3 = 7</code>.</p>");
    let done = render_course(&test.app, &stored_course(&test, "algebra").await, false).await.unwrap();
    assert_eq!((dry, done), (done, RenderReport { questions: 5, formulas: 10, refused: 0, written: 5 }));
    assert!(question_html(&ada, "alg-q1").await.starts_with("<p>Solve <math"));
    let again = render_course(&test.app, &stored_course(&test, "algebra").await, false).await.unwrap();
    assert_eq!(again, RenderReport { written: 0, ..done });
    // What the import draws is the same.
    assert_eq!(written(&import_catalog(&test.app, SMALL_COURSE, false).await.unwrap()), 0);

    // The midterm stays as it was made.
    let page = print(&ada, &midterm, "").await;
    assert_eq!(page.matches("made before formulas were drawn").count(), 1, "{page}");
    assert!(page.contains("<p>Solve <code>2x + 3 = 7</code>.</p>") && !page.contains("<math"), "{page}");
}

#[tokio::test]
async fn an_older_renderer_is_replaced_and_a_newer_one_is_kept() {
    let test = TestApp::start().await;
    redraw_as(&test, "algebra", Some(0)).await;
    let report = render_course(&test.app, &stored_course(&test, "algebra").await, false).await.unwrap();
    assert_eq!((report.questions, report.refused, report.written > 0), (5, 0, true));
    redraw_as(&test, "algebra", Some(::rendering::VERSION + 1)).await;
    let report = render_course(&test.app, &stored_course(&test, "algebra").await, false).await.unwrap();
    assert_eq!(report, RenderReport::default());
}

#[tokio::test]
async fn a_second_import_with_formulas_and_macros_writes_nothing() {
    let test = TestApp::empty().await;
    let catalog = rich_course().to_string();
    assert!(written(&import_catalog(&test.app, &catalog, false).await.unwrap()) > 0);
    assert_eq!(written(&import_catalog(&test.app, &catalog, false).await.unwrap()), 0);
    assert_eq!(render_course(&test.app, &stored_course(&test, "algebra").await, false).await.unwrap().written, 0);
    let mut other = rich_course();
    other["course"]["macros"]["\\R"] = json!("\\mathbf{R}");
    assert!(written(&import_catalog(&test.app, &other.to_string(), false).await.unwrap()) > 0);
    for (macros, reason) in [
        (json!({"\\R": "{"}), "course: macros: the macro \\R has an opening brace too many"),
        (json!({"\\R2": "x"}), "course: macros: the macro \\R2 has a name with other characters than letters"),
        (json!({"\\R": 5}), "course: macros.\\\\R is 5, a text is wanted"),
        (json!(["\\R"]), "course: macros is a list, an object of texts is wanted"),
    ] {
        other["course"]["macros"] = macros;
        let error = import_catalog(&test.app, &other.to_string(), false).await.unwrap_err();
        assert_eq!(format!("{error:#}"), reason);
    }
}

#[tokio::test]
async fn a_dump_of_the_old_database_is_drawn_too() {
    let test = TestApp::empty().await;
    import_d1(&test.app, DUMP, false).await.unwrap();
    let mut drawn = 0;
    for course in test.app.store.courses().await.unwrap() {
        let bank = test.app.store.bank(&course).await.unwrap();
        let ids: Vec<QuestionId> = bank.questions.iter().map(|question| question.meta.id.clone()).collect();
        for id in ids {
            let question = test.app.store.question(&id).await.unwrap().unwrap();
            drawn += question.drawn.map_or(0, |drawn| drawn.formulas.len());
        }
        assert_eq!(render_course(&test.app, &course, false).await.unwrap().written, 0);
    }
    assert!(drawn > 0);
}

async fn print(person: &Person, id: &str, query: &str) -> String {
    let page = person.get_with(&format!("/api/midterm/{id}{query}"), &[("accept", "text/html")]).await;
    page.body.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_printed_midterm_has_its_course_date_and_sums() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let id = ada.midterm().await;
    let page = print(&ada, &id, "").await;
    for part in [
        "<h1>Algebra</h1>",
        "Practice midterm · 1 March 2026",
        "6 questions · 32.5 points and 2 questions without points · ",
        "<p>Solve <math",
        "<b>B</b> None",
        "class=\"room\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("made before formulas were drawn") && !page.contains("Answer"), "{page}");
    let with_answers = print(&ada, &id, "?answers=1").await;
    let (questions, answers) = with_answers.split_once("<div class=\"answers\">").unwrap();
    assert!(!questions.contains("Subtract 3") && answers.contains("<p>Subtract 3: <math"), "{with_answers}");
    assert_eq!(answers.matches("<b>Answer </b>").count(), 6);
}

#[tokio::test]
async fn a_printed_question_with_parts_is_safe_markup() {
    let test = TestApp::empty().await;
    let mut course = rich_course();
    for id in ["rich-2", "rich-3"] {
        let mut question = course["questions"][0].clone();
        question["id"] = json!(id);
        course["questions"].as_array_mut().unwrap().push(question);
    }
    test.import(&course).await;
    let ada = test.user("ada").await;
    let order = json!({"course_id": "algebra", "config": {"question_count": 3}});
    let midterm = ada.post("/api/midterm/generate", order).await.ok();
    let page = print(&ada, midterm["midterm_id"].as_str().unwrap(), "?answers=1").await;
    let body = page.split_once("<main>").unwrap().1;
    let body = body.split_once("</main>").unwrap().0;
    let mut rest = body;
    let mut texts = 0;
    while let Some((_, after)) = rest.split_once("</h2>").or_else(|| rest.split_once("</h3>")) {
        let markup = after.split("<div").next().unwrap().split("<ol class").next().unwrap();
        let markup = markup.split("</section>").next().unwrap().split("</div>").next().unwrap();
        assert_safe(markup);
        texts += 1;
        rest = after;
    }
    assert!(texts >= 1);
    for part in ["<p>Let <math", "(b)", "<b>Answer (a) </b><math", "height:"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<b>even"), "{page}");
}

#[test]
fn a_thousand_random_texts_become_safe_markup_with_drawn_formulas() {
    const PIECES: [&str; 34] = [
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "{",
        "}",
        "\\frac12",
        "x^2",
        "\\alpha ",
        "\\text{a < b}",
        "\\ce{H2O}",
        " ",
        "word",
        "<script>",
        "\"",
        "&",
        "\n",
        "\\begin{align}",
        "\\end{align}",
        "\\begin{itemize}",
        "\\item ",
        "\\end{itemize}",
        "\\begin{tabular}{cc}",
        "\\end{tabular}",
        "\\\\",
        "\\textbf{",
        "[figure 1]",
        "[gap 1]",
        "\\verb|",
        "```",
        "5",
        "\\href{javascript:x}{y}",
    ];
    struct Drawn(std::collections::BTreeMap<shared::domain::text::Formula, String>);
    impl shared::domain::text::Drawings for Drawn {
        fn formula(&self, formula: &shared::domain::text::Formula) -> Option<&str> {
            self.0.get(formula).map(String::as_str)
        }
        fn figure(&self, _: usize) -> Option<shared::domain::text::ShownFigure<'_>> {
            None
        }
    }
    let renderer = ::rendering::Renderer::default();
    let mut random = fastrand::Rng::with_seed(21);
    let mut formulas = 0;
    for _ in 0..1_000 {
        let length = random.usize(1..20);
        let text: String = (0..length).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
        let text = parse(&text);
        let draw = |formula: &&shared::domain::text::Formula| {
            Some(((*formula).clone(), renderer.formula(&formula.latex, formula.is_display).ok()?))
        };
        let drawn = Drawn(text.formulas().iter().filter_map(draw).collect());
        formulas += drawn.0.len();
        assert_safe(&html(&text, &drawn));
    }
    assert!(formulas > 100, "{formulas}");
}
