// Midterms: generate one, sit it against the clock, hand it in, see the result.
// The clock and the answers are kept in this tab, because the service stores answers only when they are handed in.

import { Problem, get, getFile, once } from "../api.js";
import { fill, h, newId, shown } from "../dom.js";
import { bar, buying, clock, crumbs, doing, heading, icon, link, notice, points, run, table, upToCourse } from "../pieces.js";
import { answerForm, facts, handIn, needsOpinion, questionText, solutionOf } from "../question.js";
import { figure } from "./course.js";
import { again, go, to } from "../router.js";
import { me, prices, setCredits } from "../state.js";
import { keep, kept } from "../storage.js";
import { dateTime, number, percent, t } from "../texts.js";

/** @typedef {import("../router.js").Context} Context */
/** @typedef {import("../router.js").Page} Page */
/** @typedef {import("../api.js").Of<"Midterm">} Midterm */
/** @typedef {import("../api.js").Of<"QuestionView">} Question */
/** @typedef {import("../api.js").Of<"MidtermRow">} Row */
/** @typedef {import("../question.js").Given} Given */
/** @typedef {{ score: number, state: "marked" | "blank" | "open", given: Given | null }} Mark */
/** @typedef {{ startedAt: number, minutes: number, endedAt?: number, marks?: Record<string, Mark> }} Sitting */

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

/** The midterm that was generated last, so that it is shown without a request. @type {Midterm | null} */
let latest = null;

/** @param {string} id @param {AbortSignal} signal @returns {Promise<Midterm>} */
async function midtermOf(id, signal) {
  if (latest?.midterm_id === id) return latest;
  const found = /** @type {Midterm} */ (await get("/api/midterm/{id}", { path: { id }, query: { render: "html" }, signal }));
  latest = found;
  return found;
}

/** @param {Context} context @returns {Promise<Page>} */
export async function midterm({ params, signal }) {
  const found = await midtermOf(params["midterm"] ?? "", signal);
  const name = `sitting.${found.midterm_id}`;
  /** @type {Sitting | null} */
  const sitting = kept(name);
  const title = `${t("midterm")} · ${levelName(found.difficulty)}`;
  const top = [crumbs(...upToCourse(found.course_id), [t("midterm"), to("courses", found.course_id, "midterm")])];
  if (!sitting) return { title, body: [top, ready(found, name)] };
  if (sitting.marks && sitting.endedAt) return { title, body: [top, result(found, sitting, name)] };
  return { title, body: [top, sit(found, sitting, name, signal)] };
}

/** @param {Midterm} found */
const total = (found) => found.questions.reduce((sum, question) => sum + (question.points ?? 0), 0);

/** @param {Midterm} found */
const minutesOf = (found) => Math.max(1, Math.round(found.fit.minutes.achieved || found.blueprint.minutes));

/** Before the clock starts. @param {Midterm} found @param {string} name */
function ready(found, name) {
  const [minutesId] = [newId()];
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
          keep(name, /** @type {Sitting} */ ({ startedAt: Date.now(), minutes: wanted }));
          again();
        }),
      ),
    ),
    files(found),
    h("section.paper", { "aria-label": t("midterm.print") }, h("h2", null, t("midterm")), found.questions.map((question, index) => printed(question, index))),
  ];
}

/** Shown on paper alone. @param {Question} question @param {number} index */
const printed = (question, index) =>
  h(
    "article.onpaper",
    null,
    h("p", null, h("strong", null, `${index + 1}.`), " ", points(question.points)),
    questionText(question),
    question.options.length > 0 ? h("ul.lettered", null, question.options.map((option) => h("li", null, `${option.letter}) `, shown(option.html, option.text)))) : null,
    h("div.room", null),
  );

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
        const address = URL.createObjectURL(file);
        h("a", { href: address, download: `midterm-${found.created_at.slice(0, 10)}.${ending}` }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
      },
      "button quiet",
    );
  return h(
    "details.files",
    null,
    h("summary", null, t("midterm.files")),
    h("label.check", null, answers, t("midterm.with.answers")),
    h("div.row", null, doing(t("midterm.print"), async () => print(), "button quiet"), save(t("file.page"), "text/html", "html"), save("LaTeX", "application/x-tex", "tex"), save("QTI 3", "application/qti+zip", "zip")),
  );
}

/** While the clock runs. @param {Midterm} found @param {Sitting} sitting @param {string} name @param {AbortSignal} signal */
function sit(found, sitting, name, signal) {
  const draft = (/** @type {Question} */ question) => `draft.midterm.${found.midterm_id}.${question.id}`;
  const forms = found.questions.map((question) => ({ question, form: answerForm(question, draft(question)) }));
  const until = sitting.startedAt + sitting.minutes * 60_000;
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

  const status = h("p.hint", { role: "status" }, "");
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
        const endedAt = sitting.endedAt ?? Date.now();
        /** @type {Record<string, Mark>} */
        const marks = sitting.marks ?? {};
        const share = Math.round(((endedAt - sitting.startedAt) / found.questions.length));
        // Kept after each answer, so that a lost connection loses none and sends none twice.
        for (const [index, { question, form }] of forms.entries()) {
          if (marks[question.id]) continue;
          status.textContent = t("midterm.sending", { n: index + 1, all: forms.length });
          const given = form.given();
          marks[question.id] = given ? await markOf(question, given, Date.now() - share) : { score: 0, state: "blank", given: null };
          keep(partly, marks);
          form.disable();
        }
        keep(name, { ...sitting, endedAt, marks });
        keep(partly, null);
        for (const { question } of forms) keep(draft(question), null);
        again();
      }),
  );
  const partly = `${name}.marks`;
  if (kept(partly)) sitting.marks = kept(partly) ?? {};
  return h(
    "div.sitting",
    null,
    h("div.clock", null, icon("clock"), h("span.unseen", null, t("midterm.time.left")), time, said),
    heading(t("midterm.sitting")),
    h("p.hint", null, t("midterm.kept")),
    h(
      "div",
      { oninput: count, onchange: count },
      forms.map(({ question, form }, index) =>
        h("article.card", { "aria-labelledby": `q${index}` }, h("h2", { id: `q${index}` }, t("question.n", { n: index + 1 })), facts(question), questionText(question), form.element),
      ),
    ),
    h("div.card.handin", null, blanks, button, status, place),
  );
}

/** @param {Question} question @param {Given} given @param {number} since @returns {Promise<Mark>} */
async function markOf(question, given, since) {
  try {
    const { score } = await handIn(question.id, given, since);
    return { score, state: "marked", given };
  } catch (error) {
    // Marked by the student, when the solution is there.
    if (needsOpinion(error)) return { score: 0, state: "open", given };
    if (error instanceof Problem && error.status === 422) return { score: 0, state: "open", given };
    throw error;
  }
}

/** After it was handed in. @param {Midterm} found @param {Sitting} sitting @param {string} name */
function result(found, sitting, name) {
  const marks = sitting.marks ?? {};
  const place = h("div", null);
  const summary = () => {
    const got = found.questions.reduce((sum, question) => sum + (marks[question.id]?.score ?? 0) * (question.points ?? 0), 0);
    const all = total(found);
    const open = Object.values(marks).filter((mark) => mark.state === "open").length;
    const seconds = ((sitting.endedAt ?? 0) - sitting.startedAt) / 1000;
    fill(
      place,
      h(
        "div.card.score",
        null,
        h("p.huge", null, `${number(got)} / ${number(all)} `, h("span", null, t("points.word"))),
        bar(all > 0 ? got / all : 0, undefined, "thick"),
        h("p", null, percent(all > 0 ? got / all : 0), " · ", t("midterm.took", { time: clock(seconds), minutes: sitting.minutes })),
        open > 0 ? notice("note", t("midterm.open", { n: open })) : null,
      ),
    );
  };
  summary();
  /** @param {Question} question @param {number} index */
  const one = (question, index) => {
    const mark = marks[question.id];
    const state = h("div", null);
    const show = () => {
      const kind = mark?.state === "open" ? "note" : (mark?.score ?? 0) >= 1 ? "good" : (mark?.score ?? 0) > 0 ? "note" : "bad";
      const text = mark?.state === "blank" ? t("mark.blank") : mark?.state === "open" ? t("opinion") : t("mark.points", { got: number((mark?.score ?? 0) * (question.points ?? 0)), all: number(question.points ?? 0) });
      fill(state, h(`p.mark.${kind}`, null, icon(kind === "good" ? "check" : kind === "bad" ? "cross" : "pencil"), text), mark?.state === "open" ? opinion() : null);
    };
    const opinion = () => {
      const failed = h("div", null);
      const buttons = [true, false].map((wasRight) => {
        const button = h("button.button.quiet", { type: "button" }, t(wasRight ? "opinion.yes" : "opinion.no"));
        button.addEventListener(
          "click",
          () =>
            void run(failed, button, async () => {
              if (!mark?.given) return;
              const { score } = await handIn(question.id, { ...mark.given, was_correct: wasRight }, Date.now());
              mark.score = score;
              mark.state = "marked";
              keep(name, { ...sitting, marks });
              show();
              summary();
            }),
        );
        return button;
      });
      return h("div", null, h("p.row", null, buttons), failed);
    };
    show();
    const given = mark?.given;
    const mine = given ? (given.answer ?? Object.entries(given.answers ?? {}).map(([label, answer]) => `${label}: ${answer}`).join("; ")) : "";
    return h(
      "article.card",
      { "aria-labelledby": `r${index}` },
      h("h2", { id: `r${index}` }, t("question.n", { n: index + 1 })),
      facts(question),
      questionText(question),
      mine ? h("p", null, `${t("answer.yours")} `, h("code", null, mine)) : null,
      state,
      h("details", null, h("summary", null, t("solution.show")), solutionOf(question)),
    );
  };
  const retry = h("button.button.quiet", { type: "button" }, t("midterm.again"));
  retry.addEventListener("click", () => {
    keep(name, null);
    again();
  });
  return [
    heading(t("midterm.result")),
    place,
    h("section", null, h("h2.unseen", null, t("questions")), found.questions.map(one)),
    h("p.row", null, link(t("progress"), to("courses", found.course_id, "progress"), "button"), retry),
    files(found),
  ];
}
