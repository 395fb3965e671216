// Practice: choose, buy, answer. A bundle: three questions for the price of one. One question.

import { get, once } from "../api.js";
import { h, newId } from "../dom.js";
import { buying, crumbs, heading, link, notice, offering, upToCourse } from "../pieces.js";
import { answering, facts, preview, questionOf, remember, reporting } from "../question.js";
import { again, go, to } from "../router.js";
import { me, prices, setCredits } from "../state.js";
import { keep, kept } from "../storage.js";
import { t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../router.js").Page} Page */
/** @typedef {import("../api.js").Of<"QuestionView">} Question */
/** @typedef {import("../api.js").Of<"Delivery">} Delivery */
/** @typedef {{ course: string, ids: string[] }} Set */
/** @typedef {{ topics: string[], technique: string, difficulty: string, count: number }} Wishes */

const MOST = 20;

/** Goes to the first of the questions that were bought. @param {string} course @param {Delivery} delivery */
function begin(course, delivery) {
  remember(delivery.questions);
  setCredits(delivery.credits);
  const ids = delivery.questions.map((question) => question.id);
  keep("set", { course, ids });
  go(to("questions", ids[0] ?? ""));
}

/** Techniques of the course's questions that can be seen. @param {string} id @param {AbortSignal} signal */
async function techniquesOf(id, signal) {
  const { questions } = await get("/api/questions", { query: { course_id: id, limit: 100 }, signal });
  return [...new Set(questions.flatMap((question) => question.techniques))].sort((one, other) => one.localeCompare(other));
}

/** @param {Context} context @returns {Promise<Page>} */
export async function practice({ params, query, signal }) {
  const id = params["course"] ?? "";
  const [{ course }, techniques, { prices: cost }] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    techniquesOf(id, signal),
    prices(),
    me(),
  ]);
  const asked = query.getAll("topic");
  /** @type {Wishes} */
  const wishes = kept(`draft.practice.${id}`) ?? { topics: [], technique: "", difficulty: "", count: 3 };
  if (asked.length > 0) wishes.topics = asked;

  const topics = h(
    "fieldset.choices.compact",
    null,
    h("legend", null, t("practice.topics")),
    h("p.hint", null, t("practice.topics.hint")),
    course.topics.map((topic) =>
      h("label.choice", null, h("input", { type: "checkbox", name: "topic", value: topic.id, checked: wishes.topics.includes(topic.id) }), h("span", null, topic.name)),
    ),
  );
  const [techniqueId, difficultyId, countId] = [newId(), newId(), newId()];
  const technique = h("select", { id: techniqueId, value: wishes.technique }, h("option", { value: "" }, t("all")), techniques.map((each) => h("option", { value: each }, each)));
  const level = h("select", { id: difficultyId, value: wishes.difficulty }, h("option", { value: "" }, t("all")), [1, 2, 3, 4, 5].map((each) => h("option", { value: String(each) }, t(`level.${/** @type {1} */ (each)}`))));
  const count = h("input", { id: countId, type: "number", min: 1, max: MOST, value: wishes.count, inputmode: "numeric" });
  const read = () => {
    wishes.topics = [...topics.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    wishes.technique = technique.value;
    wishes.difficulty = level.value;
    wishes.count = Math.max(1, Math.min(MOST, Math.floor(Number(count.value)) || 1));
    keep(`draft.practice.${id}`, wishes);
    order.change(t("practice.buy", { n: wishes.count }), wishes.count * cost.practice_question);
  };
  const order = offering("", 0, async () => {
    read();
    const body = {
      course_id: id,
      count: wishes.count,
      ...(wishes.topics.length > 0 && { topic_ids: wishes.topics }),
      ...(wishes.technique && { techniques: [wishes.technique] }),
      ...(wishes.difficulty && { difficulty: Number(wishes.difficulty) }),
    };
    begin(id, await once("/api/questions/practice", { query: { render: "html" }, body }));
  });
  read();
  const element = h(
    "form.card",
    { onchange: read, oninput: (/** @type {Event} */ event) => event.target === count && read(), onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    topics,
    h(
      "div.fields",
      null,
      h("div.field", null, h("label", { for: techniqueId }, t("technique")), technique),
      h("div.field", null, h("label", { for: difficultyId }, t("difficulty")), level),
      h("div.field", null, h("label", { for: countId }, t("count")), count),
    ),
    order.element,
  );
  return {
    title: `${t("practice")} · ${course.name}`,
    body: [crumbs([t("courses"), to()], [course.name, to("courses", id)]), heading(t("practice")), h("p.lead", null, t("practice.lead")), element],
  };
}

/** @param {Context} context @returns {Promise<Page>} */
export async function bundle({ params, query, signal }) {
  const id = params["course"] ?? "";
  const [{ course }, { prices: cost }] = await Promise.all([get("/api/courses/{id}", { path: { id }, signal }), prices(), me()]);
  const topicId = newId();
  const topic = h("select", { id: topicId, value: query.get("topic") ?? "" }, h("option", { value: "" }, t("all")), course.topics.map((each) => h("option", { value: each.id }, each.name)));
  return {
    title: `${t("bundle")} · ${course.name}`,
    body: [
      crumbs([t("courses"), to()], [course.name, to("courses", id)]),
      heading(t("bundle")),
      h("p.lead", null, t("bundle.lead", { n: cost.bundle_questions })),
      h(
        "form.card",
        { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
        h("div.field", null, h("label", { for: topicId }, t("topic")), topic),
        buying(t("bundle.buy", { n: cost.bundle_questions }), cost.bundle, async () => {
          const body = { course_id: id, ...(topic.value && { topic_id: topic.value }) };
          begin(id, await once("/api/questions/bundle", { query: { render: "html" }, body }));
        }),
      ),
    ],
  };
}

/** @param {Context} context @returns {Promise<Page>} */
export async function question({ params, signal }) {
  const id = params["question"] ?? "";
  const [found, { prices: cost }] = await Promise.all([questionOf(id, signal), prices(), me()]);
  /** @type {Set | null} */
  const set = kept("set");
  const place = set?.ids.indexOf(id) ?? -1;
  const inSet = set !== null && place >= 0 ? set : null;
  const courseId = found.course_id;
  const next = inSet?.ids[place + 1];
  const title = inSet ? t("question.of", { n: place + 1, all: inSet.ids.length }) : t("question");
  const after = () =>
    h(
      "p.row.next",
      null,
      next ? link(t("question.next"), to("questions", next), "button") : [link(t("practice.more"), to("courses", courseId, "practice"), "button"), link(t("progress"), to("courses", courseId, "progress"), "button quiet")],
    );
  return {
    title,
    body: [
      crumbs(...upToCourse(courseId)),
      heading(title),
      inSet && inSet.ids.length > 1 ? h("ol.steps", { "aria-label": t("question.set") }, inSet.ids.map((each, index) => h("li", null, h("a", { href: to("questions", each), "aria-current": index === place ? "step" : undefined }, String(index + 1))))) : null,
      h(
        "article.card",
        null,
        facts(found),
        found.locked ? locked(found, cost.start_question) : answering(found, after),
      ),
      found.locked ? null : reporting(found),
    ],
  };
}

/** @param {Question} found @param {number} cost */
const locked = (found, cost) => [
  preview(found),
  notice("note", t("locked.why")),
  buying(t("question.start"), cost, async () => {
    const started = await once("/api/questions/{id}/start", { path: { id: found.id }, query: { render: "html" } });
    remember([started.question]);
    setCredits(started.credits);
    again();
  }),
];
