// Midterms: generate one, sit it against the clock, hand it in, see the result.
// The service keeps the time and the result. This tab keeps what was typed until it is handed in.

import { get, getFile, once, post } from "../api.js";
import { download, fill, h, newId } from "../dom.js";
import { bar, buying, clock, crumbs, doing, heading, icon, link, notice, run, table, upToCourse } from "../pieces.js";
import { answerForm, facts, handIn, opinion, questionText, solutionOf } from "../question.js";
import { figure } from "./course.js";
import { again, go, to } from "../router.js";
import { me, prices, setCredits } from "../state.js";
import { keep, kept } from "../storage.js";
import { dateTime, number, percent, t } from "../texts.js";

const LEVELS = /** @type {const} */ (["easy", "sample", "hard"]);

/** @param {Context} context @returns {Promise<Page>} */
export async function midterms({ params, signal }) {
  const id = params["course"] ?? "";
  const [{ course }, { presets }, { prices: cost }, mine] = await Promise.all([
    get("/api/courses/{id}", { path: { id }, signal }),
    get("/api/midterm/presets", { query: { course_id: id }, signal }),
    prices(),
    get("/api/midterm", { query: { limit: 50 }, signal }),
    me(),
  ]);
  const group = newId();
  let level = /** @type {typeof LEVELS[number]} */ ("sample");
  const choose = (/** @type {typeof LEVELS[number]} */ each) => {
    const preset = presets.find((found) => found.id === each);
    const input = h("input", { type: "radio", name: group, value: each, checked: each === level });
    input.addEventListener("change", () => (level = each));
    const mix = preset?.difficultyDistribution;
    return h(
      "label.choice.preset",
      null,
      input,
      h(
        "span",
        null,
        h("strong", null, t(`midterm.${each}`)),
        preset ? h("span.hint", null, `${t("questions.n", { n: preset.questionCount })} · ${t("minutes", { n: number(preset.estimatedTime) })}`) : null,
        mix ? h("span.hint", null, t("mix", { easy: number(mix.easy), medium: number(mix.medium), hard: number(mix.hard) })) : null,
      ),
    );
  };
  const rows = mine.midterms.filter((row) => row.course_id === id);
  return {
    title: `${t("midterm")} · ${course.name}`,
    body: [
      crumbs([t("courses"), to()], [course.name, to("courses", id)]),
      heading(t("midterm")),
      h("p.lead", null, t("midterm.lead")),
      h(
        "form.card",
        { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
        h("fieldset.choices.three", null, h("legend", null, t("midterm.level")), LEVELS.map(choose)),
        buying(t("midterm.buy"), cost.midterm, async () => {
          const made = await once("/api/midterm/generate", { query: { render: "html" }, body: { course_id: id, difficulty: level } });
          setCredits(made.credits);
          latest = made;
          go(to("midterms", made.midterm_id));
        }),
      ),
      rows.length > 0
        ? h(
            "section",
            null,
            h("h2", null, t("midterm.mine")),
            table(
              t("midterm.mine"),
              [t("date"), t("midterm.level"), t("questions"), t("points.total"), t("time")],
              rows.map((row) => [link(dateTime(Date.parse(row.created_at)), to("midterms", row.midterm_id)), levelName(row.difficulty), number(row.question_count), number(row.points), t("minutes", { n: number(row.minutes) })]),
              { numbers: [2, 3], hide: true },
            ),
          )
        : null,
    ],
  };
}

/** @param {string} level */
const levelName = (level) => (LEVELS.some((each) => each === level) ? t(`midterm.${/** @type {"easy"} */ (level)}`) : level);

/** A midterm that was just delivered or started, so that the next page needs no request. @type {Midterm | null} */
let latest = null;

/** @param {Context} context @returns {Promise<Page>} */
export async function midterm({ params, signal }) {
  const id = params["midterm"] ?? "";
  const known = latest?.midterm_id === id ? latest : null;
  latest = null;
  const found = known ?? /** @type {Midterm} */ (await get("/api/midterm/{id}", { path: { id }, query: { render: "html" }, signal }));
  const { sitting } = found;
  const title = `${t("midterm")} · ${levelName(found.difficulty)}`;
  const top = [crumbs(...upToCourse(found.course_id), [t("midterm"), to("courses", found.course_id, "midterm")])];
  if (!sitting) return { title, body: [top, ready(found)] };
  if (!sitting.handed_in_at) return { title, body: [top, sit(found, sitting, signal)] };
  const marks = await get("/api/midterm/{id}/result", { path: { id }, signal });
  return { title, body: [top, result(found, marks)] };
}

/** @param {Midterm} found */
const total = (found) => found.questions.reduce((sum, question) => sum + (question.points ?? 0), 0);

/** @param {Midterm} found */
const minutesOf = (found) => Math.max(1, Math.round(found.fit.minutes.achieved || found.blueprint.minutes));

/** Before the clock starts. @param {Midterm} found */
function ready(found) {
  const minutesId = newId();
  const minutes = h("input", { id: minutesId, type: "number", min: 1, max: 600, value: minutesOf(found), inputmode: "numeric" });
  return [
    heading(t("midterm.ready")),
    h(
      "dl.figures",
      null,
      figure(t("questions"), number(found.questions.length)),
      figure(t("points.total"), number(total(found))),
      figure(t("time"), t("minutes", { n: minutesOf(found) })),
      figure(t("midterm.level"), levelName(found.difficulty)),
    ),
    h(
      "div.card",
      null,
      h("p", null, t("midterm.rules")),
      h("div.field", null, h("label", { for: minutesId }, t("midterm.minutes")), minutes),
      h(
        "p.row",
        null,
        doing(t("midterm.start"), async () => {
          const wanted = Math.max(1, Math.min(600, Math.floor(Number(minutes.value)) || minutesOf(found)));
          const { sitting } = await post("/api/midterm/{id}/start", { path: { id: found.midterm_id }, body: { minutes: wanted } });
          latest = { ...found, sitting };
          again();
        }),
      ),
    ),
    files(found),
  ];
}

/** Paper and files. @param {Midterm} found */
function files(found) {
  const answers = h("input", { type: "checkbox" });
  /** @param {string} label @param {string} accept @param {string} ending */
  const save = (label, accept, ending) =>
    doing(
      label,
      async () => {
        const query = answers.checked ? { answers: 1 } : {};
        const file = await getFile("/api/midterm/{id}", { path: { id: found.midterm_id }, query, accept });
        download(file, `midterm-${found.created_at.slice(0, 10)}.${ending}`);
      },
      "button quiet",
    );
  return h(
    "details.files",
    null,
    h("summary", null, t("midterm.files")),
    h("label.check", null, answers, t("midterm.with.answers")),
    h("div.row", null, save(t("file.page"), "text/html", "html"), save("LaTeX", "application/x-tex", "tex"), save("QTI 3", "application/qti+zip", "zip")),
  );
}

/** While the clock runs. @param {Midterm} found @param {Of<"Sitting">} sitting @param {AbortSignal} signal */
function sit(found, sitting, signal) {
  const draft = (/** @type {Question} */ question) => `draft.midterm.${found.midterm_id}.${question.id}`;
  const forms = found.questions.map((question) => ({ question, form: answerForm(question, draft(question)), ms: 0 }));
  // The clock of this device may be wrong, so the time left is that of the service.
  const until = Date.parse(sitting.deadline) - Date.parse(sitting.now) + Date.now();
  const time = h("strong.time", null, "");
  const said = h("p.unseen", { role: "status" }, "");
  const spoken = new Set();
  const tick = () => {
    const rest = Math.ceil((until - Date.now()) / 1000);
    time.textContent = rest >= 0 ? clock(rest) : `+${clock(-rest)}`;
    time.classList.toggle("over", rest < 0);
    // Spoken at ten minutes, at one and at the end, not every second.
    for (const mark of [600, 60, 0]) {
      if (rest <= mark && rest > mark - 5 && !spoken.has(mark)) {
        spoken.add(mark);
        said.textContent = mark > 0 ? t("midterm.left", { n: mark / 60 }) : t("midterm.over");
      }
    }
  };
  tick();
  const timer = setInterval(tick, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));

  /** The question in which the focus is, since when. @type {typeof forms[number] | undefined} */
  let present;
  let since = 0;
  /** Counts the time of a question until the focus is in another one. @param {typeof forms[number]} [next] */
  const turn = (next) => {
    if (present) present.ms += Date.now() - since;
    [present, since] = [next, Date.now()];
  };
  const place = h("div", null);
  const button = h("button.button", { type: "button" }, t("midterm.hand.in"));
  const blanks = h("p.hint", null, "");
  const count = () => {
    const blank = forms.filter(({ form }) => !form.given()).length;
    blanks.textContent = blank > 0 ? t("midterm.blank", { n: blank }) : t("midterm.full");
  };
  count();
  button.addEventListener(
    "click",
    () =>
      void run(place, button, async () => {
        turn();
        /** @type {BodyOf<Paths["/api/midterm/{id}/submit"]["post"]>["answers"]} */
        const answers = {};
        for (const { question, form, ms } of forms) {
          const given = form.given();
          if (given) answers[question.id] = { ...given, time_spent_seconds: Math.min(86_400, Math.round(ms / 1000)) || null };
        }
        // After a lost answer the same sheet may be sent again: the first that arrived counts.
        const { handed_in_at } = await post("/api/midterm/{id}/submit", { path: { id: found.midterm_id }, body: { answers } });
        for (const { question } of forms) keep(draft(question), null);
        latest = { ...found, sitting: { ...sitting, handed_in_at } };
        again();
      }),
  );
  return h(
    "div.sitting",
    null,
    h("div.clock", null, icon("clock"), h("span.unseen", null, t("midterm.time.left")), time, said),
    heading(t("midterm.sitting")),
    h("p.hint", null, t("midterm.kept")),
    h(
      "div",
      { oninput: count, onchange: count },
      forms.map((one, index) =>
        h(
          "article.card",
          { "aria-labelledby": `q${index}`, onfocusin: () => turn(one) },
          h("h2", { id: `q${index}` }, t("question.n", { n: index + 1 })),
          facts(one.question),
          questionText(one.question),
          one.form.element,
        ),
      ),
    ),
    h("div.card.handin", null, blanks, button, place),
  );
}

/** After it was handed in. @param {Midterm} found @param {Of<"SittingResult">} marks */
function result(found, marks) {
  const open = marks.questions.filter(({ state }) => state === "unmarked").length;
  const share = (marks.percent ?? 0) / 100;
  return [
    heading(t("midterm.result")),
    h(
      "div.card.score",
      null,
      h("p.huge", null, `${number(marks.earned)} / ${number(marks.points - marks.unmarked)} `, h("span", null, t("points.word"))),
      bar(share, undefined, "thick"),
      h("p", null, percent(share), " · ", t("midterm.took", { time: clock(marks.seconds), minutes: number(Math.round(marks.seconds_allowed / 60)) })),
      marks.late ? notice("note", t("midterm.late")) : null,
      open > 0 ? notice("note", t("midterm.open", { n: open })) : null,
    ),
    marks.review.length > 0
      ? h(
          "section",
          null,
          h("h2", null, t("midterm.review")),
          h("ul.rows", null, marks.review.map((topic) => h("li", null, link(topic.topic_name ?? topic.topic_id, to("courses", found.course_id, "topics", topic.topic_id)), h("span", null, t("mark.lost", { n: number(topic.points_lost), all: number(topic.points) }))))),
        )
      : null,
    h("section", null, h("h2.unseen", null, t("questions")), found.questions.map((question, index) => one(found, question, marks.questions[index], index))),
    h("p.row", null, link(t("progress"), to("courses", found.course_id, "progress"), "button")),
    files(found),
  ];
}

/** A question with its mark. @param {Midterm} found @param {Question} question @param {Of<"SatQuestion"> | undefined} mark @param {number} index */
function one(found, question, mark, index) {
  // What the student has marked since: the result stays as it is.
  const name = `opinion.${found.midterm_id}.${question.id}`;
  const state = h("div", null);
  const { points = 0, earned = 0, unmarked = 0 } = mark ?? {};
  const given = [mark?.answer, ...Object.entries(mark?.answers ?? {}).map(([label, answer]) => `${label}: ${answer}`)].filter(Boolean).join("; ");
  const show = () => {
    const isOpen = mark?.state === "unmarked";
    const kind = isOpen || (earned > 0 && earned < points) ? "note" : earned > 0 ? "good" : "bad";
    const words = !mark || mark.state === "unanswered" ? t("mark.blank") : unmarked === points && isOpen ? null : t("mark.points", { got: number(earned), all: number(points) });
    fill(
      state,
      words === null ? null : h(`p.mark.${kind}`, null, icon(kind === "good" ? "check" : kind === "bad" ? "cross" : "pencil"), words),
      isOpen ? (kept(name) ? h("p.hint", null, t("verdict.self")) : opinion(decide)) : null,
    );
  };
  /** @param {boolean} wasRight */
  const decide = async (wasRight) => {
    await handIn(question.id, { ...(mark?.answer ? { answer: mark.answer } : { answers: mark?.answers ?? {} }), was_correct: wasRight }, Date.now());
    keep(name, true);
    show();
  };
  show();
  return h(
    "article.card",
    { "aria-labelledby": `r${index}` },
    h("h2", { id: `r${index}` }, t("question.n", { n: index + 1 })),
    facts(question),
    questionText(question),
    given ? h("p", null, `${t("answer.yours")} `, h("code", null, given)) : null,
    state,
    h("details", null, h("summary", null, t("solution.show")), solutionOf(question)),
  );
}
