// The first page: what this is, the courses, the question of the day.

import { get } from "../api.js";
import { h } from "../dom.js";
import { courseNames, explain, heading, icon, link, notice } from "../pieces.js";
import { facts, questionText, solutionOf } from "../question.js";
import { to } from "../router.js";
import { me } from "../state.js";
import { session } from "../storage.js";
import { t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../api.js").Of<"CourseView">} Course */

/** @param {AbortSignal} signal */
async function questionOfTheDay(signal) {
  const { question } = await get("/api/featured-question", { query: { render: "html" }, signal });
  return h(
    "section.card.featured",
    { "aria-labelledby": "featured" },
    h("h2", { id: "featured" }, t("featured")),
    facts(question),
    questionText(question),
    h("details", null, h("summary", null, t("solution.show")), solutionOf(question)),
  );
}

/** @param {Context} context @returns {Promise<import("../router.js").Page>} */
export async function home({ signal }) {
  if (!session()) {
    const featured = await questionOfTheDay(signal).catch(() => null);
    return {
      title: t("home.title"),
      body: [
        h(
          "section.hero",
          null,
          heading(t("home.title")),
          h("p.lead", null, t("home.lead")),
          h("p.row", null, link(t("sign.up"), to("sign-up"), "button"), link(t("sign.in"), to("sign-in"), "button quiet")),
          h("p.hint", null, t("sign.up.gift")),
        ),
        h(
          "ul.promises",
          null,
          /** @type {const} */ ([
            ["pencil", "promise.practice"],
            ["paper", "promise.midterm"],
            ["chart", "promise.analysis"],
          ]).map(([name, key]) => h("li", null, h("span.round", null, icon(name)), h("div", null, h("h2", null, t(key)), h("p", null, t(`${key}.text`))))),
        ),
        featured,
      ],
    };
  }
  // All at once: the first question is there after one round trip.
  const [user, { courses }, featured] = await Promise.all([
    me(),
    get("/api/courses", { signal }),
    questionOfTheDay(signal).catch((error) => {
      if (signal.aborted) throw error;
      return explain(error);
    }),
  ]);
  for (const course of courses) courseNames.set(course.id, course.name);
  return {
    title: t("courses"),
    body: [
      heading(user.name ? t("hello", { name: user.name }) : t("courses")),
      !user.email_verified && user.email_deliverable ? notice("note", t("verify.please"), " ", link(t("account"), to("account"))) : null,
      courses.length === 0 ? notice("note", t("courses.none")) : null,
      h("ul.cards", null, courses.map(card)),
      featured,
    ],
  };
}

/** @param {Course} course */
const card = (course) =>
  h(
    "li.card.course",
    null,
    h("h2", null, link(course.name, to("courses", course.id))),
    course.description ? h("p", null, course.description) : null,
    h("p.hint", null, `${t("exams.n", { n: course.exam_count })} · ${t("questions.n", { n: course.question_count })}`, course.is_enrolled ? h("span.tag", null, t("enrolled")) : null),
  );
