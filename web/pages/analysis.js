// The analysis of past exams: forecast, distribution, table of topics by exam.

import { Problem, get, has } from "../api.js";
import { h, svg } from "../dom.js";
import { bar, buying, crumbs, english, examName, heading, link, notice, table } from "../pieces.js";
import { again, to } from "../router.js";
import { freshMe, me, prices } from "../state.js";
import { number, percent, t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../api.js").Of<"Analysis">} Analysis */

/** @param {Context} context @returns {Promise<import("../router.js").Page>} */
export async function analysis({ params, signal }) {
  const id = params["course"] ?? "";
  const path = /** @type {const} */ ("/api/courses/{id}/analysis");
  const [{ course }, { prices: cost }, isBought] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    prices(),
    has(path, { path: { id }, signal }),
    me(),
  ]);
  const top = [crumbs([t("courses"), to()], [course.name, to("courses", id)]), heading(t("analysis"))];
  const title = `${t("analysis")} · ${course.name}`;
  if (!isBought) {
    return {
      title,
      body: [
        top,
        h("p.lead", null, t("analysis.lead", { n: course.exam_count })),
        h(
          "div.card",
          null,
          h("ul", null, /** @type {const} */ (["analysis.has.forecast", "analysis.has.topics", "analysis.has.trends", "analysis.has.order"]).map((key) => h("li", null, t(key)))),
          buying(t("analysis.buy"), cost.analysis, async () => {
            await get(path, { path: { id } });
            freshMe().catch(() => {});
            again();
          }),
        ),
      ],
    };
  }
  try {
    const { analysis } = await get(path, { path: { id }, signal });
    const names = new Map(course.topics.map((topic) => [topic.id, topic.name]));
    for (const topic of analysis.topic_distribution) names.set(topic.topic_id, topic.name);
    return { title, body: [top, whole(analysis, id, (topic) => names.get(topic) ?? topic)] };
  } catch (error) {
    if (error instanceof Problem && error.code === "no_exams") return { title, body: [top, notice("note", t("problem.no_exams"))] };
    throw error;
  }
}

/** @param {Analysis} found @param {string} course @param {(topic: string) => string} name */
function whole(found, course, name) {
  const mix = found.difficulty_distribution;
  // The longest bar is the largest share.
  const most = (/** @type {number[]} */ values) => Math.max(...values, 0.1);
  const mostQuestions = most(found.topic_distribution.map((topic) => topic.percentage));
  const mostPoints = most(found.topic_distribution.map((topic) => topic.points_percentage));
  const mostUsed = most(found.techniques.map((each) => each.count));
  const forecast = [...found.forecast].sort((one, other) => other.probability - one.probability);
  return [
    h("p.lead", null, english(found.study_strategy)),
    h(
      "section",
      null,
      h("h2", null, t("forecast")),
      h("p.hint", null, t(QUALITY[found.forecast_quality] ?? "forecast.unknown"), " ", t("forecast.interval")),
      table(
        t("forecast"),
        [t("topic"), t("probability"), t("range"), t("trend"), t("basis")],
        forecast.map((topic) => [
          link(name(topic.topic_id), to("courses", course, "topics", topic.topic_id)),
          h("span.measured", null, bar(topic.probability, [topic.interval[0] ?? 0, topic.interval[1] ?? 1]), h("span", null, percent(topic.probability))),
          h("span.whole", null, `${percent(topic.interval[0] ?? 0)} – ${percent(topic.interval[1] ?? 1)}`),
          topic.trend ? t(`trend.${topic.trend}`) : "–",
          h("span.wide", { lang: "en" }, topic.basis),
        ]),
        { hide: true },
      ),
    ),
    h(
      "section",
      null,
      h("h2", null, t("valuable")),
      table(
        t("valuable"),
        [t("topic"), t("points.expected"), t("points.mean"), t("probability")],
        found.high_value_topics.map((topic) => [topic.name, number(topic.expected_points), number(topic.avg_points), percent(topic.probability)]),
        { numbers: [1, 2, 3], hide: true },
      ),
    ),
    h("section", null, h("h2", null, t("study.order")), h("ol.order", null, found.recommended_study_order.map((topic) => h("li", null, link(name(topic), `${to("courses", course, "practice")}?topic=${encodeURIComponent(topic)}`))))),
    h(
      "section",
      null,
      h("h2", null, t("distribution")),
      table(
        t("distribution"),
        [t("topic"), t("share.questions"), t("share.points"), t("questions")],
        found.topic_distribution.map((topic) => [
          topic.name,
          h("span.measured", null, bar(topic.percentage / mostQuestions), h("span", null, percent(topic.percentage / 100))),
          h("span.measured", null, bar(topic.points_percentage / mostPoints, undefined, "second"), h("span", null, percent(topic.points_percentage / 100))),
          number(topic.count),
        ]),
        { numbers: [3], hide: true },
      ),
    ),
    h(
      "section",
      null,
      h("h2", null, t("difficulty")),
      h(
        "figure.chart",
        null,
        svg(
          "svg",
          { viewBox: "0 0 100 6", preserveAspectRatio: "none", class: "stack", "aria-hidden": "true" },
          svg("rect", { class: "easy", x: 0, y: 0, width: mix.easy, height: 6 }),
          svg("rect", { class: "medium", x: mix.easy, y: 0, width: mix.medium, height: 6 }),
          svg("rect", { class: "hard", x: mix.easy + mix.medium, y: 0, width: mix.hard, height: 6 }),
        ),
        h(
          "figcaption.legend",
          null,
          /** @type {const} */ (["easy", "medium", "hard"]).map((level) => h("span", null, h(`i.${level}`, { "aria-hidden": "true" }), `${t(`mix.${level}`)} ${percent(mix[level] / 100)}`)),
        ),
      ),
    ),
    h("section", null, h("h2", null, t("trends")), h("p.hint", null, t("trends.hint")), trends(found, name)),
    found.techniques.length > 0
      ? h(
          "section",
          null,
          h("h2", null, t("techniques")),
          table(
            t("techniques"),
            [t("technique"), t("share.questions"), t("questions")],
            found.techniques.slice(0, 15).map((each) => [each.technique, h("span.measured", null, bar(each.count / mostUsed), h("span", null, percent(each.percentage / 100))), number(each.count)]),
            { numbers: [2], hide: true },
          ),
        )
      : null,
    h("p.hint", null, t("edition", { n: found.exams_analysed, edition: found.edition })),
  ];
}

const QUALITY = /** @type {const} */ ({
  "better than frequency": "forecast.better",
  "no better than frequency": "forecast.equal",
  "not enough exams to tell": "forecast.few",
});

/** Topics by exam: the darker a cell, the more questions. @param {Analysis} found @param {(topic: string) => string} name */
function trends({ year_trends: { exams, topics } }, name) {
  const most = Math.max(1, ...topics.flatMap((topic) => topic.counts));
  return table(
    t("trends"),
    [t("topic"), ...exams.map((exam) => examName(exam))],
    topics.map((topic) => [
      name(topic.topic_id),
      ...topic.counts.map((count) => h(`span.heat.heat${count === 0 ? 0 : Math.ceil((count / most) * 4)}`, null, String(count))),
    ]),
    { hide: true },
  );
}
