// Weak topics, what to do next, and what was done.

import { get, post } from "../api.js";
import { h, svg } from "../dom.js";
import { bar, crumbs, doing, english, heading, link, notice, rate, table } from "../pieces.js";
import { figure } from "./course.js";
import { go, to } from "../router.js";
import { keep } from "../storage.js";
import { date, number, percent, t } from "../texts.js";

/** Questions that are proposed at once. */
const MOST_FOR_TODAY = 9;
/** Questions that are reviewed in one go. */
const MOST_TO_REVIEW = 20;

/** @param {Context} context @returns {Promise<Page>} */
export async function progress({ params, signal }) {
  const id = params["course"] ?? "";
  const [{ course }, done, weak, review] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    get("/api/assessment/progress", { query: { course_id: id }, signal }),
    post("/api/assessment/weak-topics", { body: { course_id: id }, signal }),
    get("/api/assessment/review", { query: { course_id: id, limit: MOST_TO_REVIEW }, signal }),
  ]);
  const names = new Map(course.topics.map((topic) => [topic.id, topic.name]));
  const name = (/** @type {string} */ topic) => names.get(topic) ?? topic;
  const plan = new Map(weak.recommended_study_plan.map((each) => [each.topic_id, each]));
  const untried = weak.untried_topics;
  const card = (/** @type {Of<"WeakTopicView"> | Of<"UntriedTopicView">} */ topic) => {
    const planned = plan.get(topic.topic_id);
    return h(
      "li.card.listed",
      null,
      h("h3", null, topic.name, planned ? h(`span.tag.${planned.priority}`, null, t(`priority.${planned.priority}`)) : null),
      h("p", null, english(topic.reason)),
      h("p", null, t("mastery.is", { share: percent(topic.mastery), low: percent(topic.interval[0] ?? 0), high: percent(topic.interval[1] ?? 1) })),
      bar(topic.mastery, [topic.interval[0] ?? 0, topic.interval[1] ?? 1]),
      h("p.hint", null, t("points.gain", { n: number(topic.points_to_gain) }), planned ? ` · ${t("minutes", { n: number(planned.estimated_time) })}` : ""),
      h("p", null, link(t("practice.topic"), `${to("courses", id, "practice")}?topic=${encodeURIComponent(topic.topic_id)}`)),
    );
  };
  return {
    title: `${t("progress")} · ${course.name}`,
    body: [
      crumbs([t("courses"), to()], [course.name, to("courses", id)]),
      heading(t("progress")),
      h(
        "dl.figures",
        null,
        figure(t("attempts"), number(done.attempts)),
        figure(t("rate"), rate(done)),
        figure(t("questions.unlocked"), number(done.questions_unlocked)),
        figure(t("streak"), t("days", { n: done.streak_days })),
      ),
      reviewing(id, review),
      h(
        "section",
        null,
        h("h2", null, t("weak")),
        weak.weak_topics.length === 0 ? notice("good", t("weak.none")) : null,
        h(
          "ol.cards",
          null,
          weak.weak_topics.map(card),
        ),
      ),
      untried.length > 0 ? h("section", null, h("h2", null, t("untried")), h("ol.cards", null, untried.map(card))) : null,
      weak.personalized_question_set.length > 0
        ? h(
            "section",
            null,
            h("h2", null, t("for.you")),
            table(
              t("for.you"),
              [t("topic"), t("reason"), t("question")],
              weak.personalized_question_set.slice(0, MOST_FOR_TODAY).map((each) => [name(each.topic_id), h("span.wide", { lang: "en" }, each.reason), link(t("question.open"), to("questions", each.question_id))]),
              { hide: true },
            ),
          )
        : null,
      h(
        "section",
        null,
        h("h2", null, t("mastery.all")),
        table(
          t("mastery.all"),
          [t("topic"), t("mastery"), t("attempts"), t("rate")],
          done.topics.map((topic) => [
            topic.name,
            h("span.measured", null, bar(topic.mastery, [topic.interval[0] ?? 0, topic.interval[1] ?? 1]), h("span", null, percent(topic.mastery))),
            number(topic.attempts),
            rate(topic),
          ]),
          { numbers: [2, 3], hide: true },
        ),
        h("p.hint", null, t("mastery.interval")),
      ),
      done.weeks.length > 1 ? h("section", null, h("h2", null, t("weeks")), weeks(done.weeks)) : null,
    ],
  };
}

/** What is to be seen again today, and how much comes. @param {string} course @param {Of<"ReviewQueue">} review */
function reviewing(course, { due_today, scheduled, questions, days }) {
  if (scheduled === 0) return null;
  const ids = questions.map((each) => each.question_id);
  const start = async () => {
    keep("set", { course, ids });
    go(to("questions", ids[0] ?? ""));
  };
  return h(
    "section",
    null,
    h("h2", null, t("review")),
    due_today === 0
      ? notice("good", t("review.none"))
      : [
          h("p", null, t("review.due", { n: due_today })),
          doing(t("review.start", { n: ids.length }), start),
          table(
            t("review"),
            [t("topic"), t("review.since"), t("review.last"), t("review.recall")],
            questions.map((each) => [link(each.topic_name, to("questions", each.question_id)), date(Date.parse(each.due)), t(each.last_correct ? "verdict.right" : "verdict.wrong"), percent(each.recall)]),
            { numbers: [3], hide: true },
          ),
        ],
    h("p.hint", null, t("review.next", { n: days.slice(0, 7).reduce((sum, day) => sum + day.due, 0) })),
  );
}

/** Attempts by week, right ones below wrong ones. @param {Of<"WeekOfAttempts">[]} all */
function weeks(all) {
  const most = Math.max(1, ...all.map((week) => week.attempts));
  const [width, height] = [28, 100];
  const scaled = (/** @type {number} */ count) => (count / most) * height;
  return h(
    "figure.chart",
    null,
    svg(
      "svg",
      { viewBox: `0 0 ${all.length * width} ${height}`, class: "weeks", "aria-hidden": "true" },
      all.map((week, index) => [
        svg("rect", { class: "wrong", x: index * width + 4, width: width - 8, y: height - scaled(week.attempts), height: scaled(week.attempts - week.correct) }),
        svg("rect", { class: "right", x: index * width + 4, width: width - 8, y: height - scaled(week.correct), height: scaled(week.correct) }),
      ]),
    ),
    table(
      t("weeks"),
      [t("week"), t("attempts"), t("rate")],
      all.map((week) => [date(Date.parse(week.week)), number(week.attempts), rate(week)]),
      { numbers: [1, 2], hide: true },
    ),
  );
}
