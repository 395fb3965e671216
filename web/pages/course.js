// A course: what can be done in it, its topics and its exams; one topic of it; its questions to browse.

import { get, once } from "../api.js";
import { fill, h } from "../dom.js";
import { action, bar, courseNames, crumbs, difficulty, doing, english, examName, heading, icon, link, notice, table, upToCourse } from "../pieces.js";
import { facts, preview, remember } from "../question.js";
import { again, go, to } from "../router.js";
import { prices } from "../state.js";
import { date, number, percent, t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../router.js").Page} Page */
/** @typedef {import("../api.js").Of<"QuestionView">} Question */
/** @typedef {import("../api.js").Of<"Topic">} Topic */

/** @param {Context} context @returns {Promise<Page>} */
export async function course({ params, signal }) {
  const id = params["course"] ?? "";
  const [{ course }, { exams }, { prices: cost }] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    get("/api/courses/{id}/exams", { path: { id }, signal }),
    prices(),
  ]);
  courseNames.set(id, course.name);
  const cards = [
    action("pencil", t("practice"), t("practice.what"), to("courses", id, "practice"), t("price.each", { n: cost.practice_question })),
    action("list", t("bundle"), t("bundle.what", { n: cost.bundle_questions }), to("courses", id, "bundle"), t("price", { n: cost.bundle })),
    action("paper", t("midterm"), t("midterm.what"), to("courses", id, "midterm"), t("price", { n: cost.midterm })),
    action("chart", t("analysis"), t("analysis.what"), to("courses", id, "analysis"), t("price", { n: cost.analysis })),
    action("target", t("progress"), t("progress.what"), to("courses", id, "progress"), t("free")),
    action("lock", t("browse"), t("browse.what"), to("courses", id, "questions"), t("free")),
  ];
  const enrolled = course.is_enrolled
    ? null
    : doing(
        t("enroll"),
        async () => {
          await once("/api/courses/{id}/enroll", { path: { id } });
          again();
        },
        "button quiet",
      );
  return {
    title: course.name,
    body: [
      crumbs([t("courses"), to()]),
      h("div.titled", null, h("div", null, heading(course.name), course.description ? h("p.lead", null, course.description) : null), enrolled),
      h("ul.actions", null, cards.map((card) => h("li", null, card))),
      h(
        "section",
        null,
        h("h2", null, t("topics")),
        table(
          t("topics"),
          [t("topic"), t("chapter"), t("frequency"), t("points.mean"), t("difficulty"), t("questions")],
          course.topics.map((topic) => [
            link(topic.name, to("courses", id, "topics", topic.id)),
            topic.category,
            topic.frequency_score === null ? "–" : h("span.measured", null, bar(topic.frequency_score), h("span", null, percent(topic.frequency_score))),
            topic.avg_points === null ? "–" : number(topic.avg_points),
            topic.difficulty === null ? "–" : difficulty(topic.difficulty),
            number(topic.question_count),
          ]),
          { numbers: [3, 5], hide: true },
        ),
      ),
      h(
        "section",
        null,
        h("h2", null, t("exams")),
        table(
          t("exams"),
          [t("exam"), t("date"), t("questions"), t("points.total")],
          exams.map((exam) => [
            link(examName(exam), `${to("courses", id, "questions")}?exam_id=${encodeURIComponent(exam.id)}`),
            exam.exam_date === null ? "–" : date(exam.exam_date * 1000),
            number(exam.question_count),
            exam.total_points === null ? "–" : number(exam.total_points),
          ]),
          { numbers: [2, 3], hide: true },
        ),
      ),
    ],
  };
}

/** @param {Context} context @returns {Promise<Page>} */
export async function topic({ params, signal }) {
  const [id, topicId] = [params["course"] ?? "", params["topic"] ?? ""];
  // The topic's own samples have no rendering.
  const [{ topic, analysis }, { questions }] = await Promise.all([
    get("/api/courses/{id}/topics/{topic_id}", { path: { id, topic_id: topicId }, signal }),
    get("/api/questions", { query: { course_id: id, topic_id: topicId, limit: 5, render: "html" }, signal }),
  ]);
  return {
    title: topic.name,
    body: [
      crumbs(...upToCourse(id)),
      heading(topic.name),
      h("p.lead", null, topic.category),
      h(
        "dl.figures",
        null,
        figure(t("topic.appearances"), t("topic.of.exams", { n: topic.appearances, all: topic.totalExams })),
        figure(t("questions"), number(topic.question_count)),
        figure(t("points.mean"), topic.avg_points === null ? "–" : number(topic.avg_points)),
        figure(t("difficulty"), number(topic.avgDifficulty)),
      ),
      h("p.row", null, link(t("practice.topic"), `${to("courses", id, "practice")}?topic=${encodeURIComponent(topic.id)}`, "button"), link(t("browse"), `${to("courses", id, "questions")}?topic_id=${encodeURIComponent(topic.id)}`, "button quiet")),
      analysis.studyTips.length > 0 ? h("section", null, h("h2", null, t("tips")), h("ul", null, analysis.studyTips.map((tip) => h("li", null, english(tip))))) : null,
      questions.length > 0 ? h("section", null, h("h2", null, t("samples")), h("ul.cards.single", null, questions.map((question) => row(question, id)))) : null,
    ],
  };
}

/** @param {string} name @param {string} value */
export const figure = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));

/** @param {Question} question @param {string} courseId */
const row = (question, courseId) =>
  h(
    "li.card.listed",
    null,
    facts(question),
    preview(question),
    h("p.row", null, question.locked ? h("span.tag", null, icon("lock"), t("locked")) : h("span.tag.good", null, icon("check"), t("unlocked")), link(t("question.open"), `${to("questions", question.id)}?course=${encodeURIComponent(courseId)}`, "")),
  );

/** @param {Context} context @returns {Promise<Page>} */
export async function browse({ params, query, signal }) {
  const id = params["course"] ?? "";
  const filters = {
    topic_id: query.get("topic_id") ?? undefined,
    difficulty: query.get("difficulty") ?? undefined,
    exam_id: query.get("exam_id") ?? undefined,
  };
  const page = (/** @type {string | undefined} */ cursor) =>
    get("/api/questions", { query: { course_id: id, ...filters, cursor, limit: 20, render: "html" }, signal });
  const [{ course }, { exams }, first] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    get("/api/courses/{id}/exams", { path: { id }, signal }),
    page(undefined),
  ]);
  const list = h("ul.cards.single", null);
  const more = h("div", null);
  const add = (/** @type {typeof first} */ found) => {
    remember(found.questions.filter((question) => !question.locked));
    list.append(...found.questions.map((question) => row(question, id)));
    const cursor = found.next_cursor;
    fill(more, cursor ? doing(t("more"), async () => add(await page(cursor)), "button quiet") : null);
  };
  add(first);
  /** @param {string} name @param {string} label @param {[string, string][]} options */
  const filter = (name, label, options) =>
    h("label.filter", null, h("span", null, label), h("select", { name, value: query.get(name) ?? "" }, h("option", { value: "" }, t("all")), options.map(([value, text]) => h("option", { value }, text))));
  const filtering = h(
    "form.filters",
    { action: to("courses", id, "questions"), method: "get" },
    filter("topic_id", t("topic"), course.topics.map((topic) => [topic.id, topic.name])),
    filter("exam_id", t("exam"), exams.map((exam) => [exam.id, examName(exam)])),
    filter("difficulty", t("difficulty"), [1, 2, 3, 4, 5].map((level) => [String(level), String(level)])),
    h("button.button.quiet", { type: "submit" }, t("filter")),
  );
  filtering.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = new URLSearchParams();
    for (const [name, value] of new FormData(filtering)) if (value !== "") chosen.set(name, String(value));
    go(to("courses", id, "questions") + (String(chosen) && `?${chosen}`));
  });
  return {
    title: `${t("browse")} · ${course.name}`,
    body: [
      crumbs([t("courses"), to()], [course.name, to("courses", id)]),
      heading(t("browse")),
      h("p.lead", null, t("questions.found", { n: first.total })),
      filtering,
      first.total === 0 ? notice("note", t("problem.no_questions")) : list,
      more,
    ],
  };
}
