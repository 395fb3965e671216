// A question: its text, a way to answer it, the verdict and the solution.

import { api } from "./config.js";
import { Problem, get, once, post } from "./api.js";
import { drawn, fill, h, newId, scrolling, shown } from "./dom.js";
import { bar, difficulty, english, examName, icon, notice, plain, points, run } from "./pieces.js";
import { keep, kept } from "./storage.js";
import { number, percent, t } from "./texts.js";

/** Questions that were delivered in this tab, so that the next page needs no request. @type {Map<string, Question>} */
const delivered = new Map();

/** @param {Question[]} questions */
export function remember(questions) {
  for (const question of questions) delivered.set(question.id, question);
}

/** @param {string} id @param {AbortSignal} signal @returns {Promise<Question>} */
export async function questionOf(id, signal) {
  const known = delivered.get(id);
  if (known) return known;
  const { question } = await get("/api/questions/{id}", { path: { id }, query: { render: "html" }, signal });
  if (!question.locked) remember([question]);
  return question;
}

/** Facts about a question in one line. @param {Question} question */
export function facts(question) {
  const worth = points(question.points);
  const time = question.estimated_time;
  return h(
    "ul.facts",
    null,
    [
      question.topic_name,
      question.is_generated ? t("generated") : examName(question),
      worth,
      time ? t("minutes", { n: number(time) }) : null,
      question.difficulty ? difficulty(question.difficulty) : null,
    ]
      .filter(Boolean)
      .map((fact) => h("li", null, fact)),
  );
}

/** The text of a question, without its parts. @param {Question} question */
export function questionText(question) {
  const hasStem = (question.parts?.length ?? 0) > 0 && question.stem !== undefined;
  const [html, text] = hasStem ? [question.stem_html, question.stem] : [question.question_html, question.question_text];
  const others = (question.figures ?? []).filter((figure) => figure.url && !html?.includes(figure.digest));
  const images = others.map((figure) => {
    const size = { width: figure.width, height: figure.height };
    return h("img", { src: api + figure.url, alt: figure.alt ?? t("figure"), loading: "lazy", ...size });
  });
  return scrolling(h("div.prose", null, shown(html, text), images));
}

/** The preview of the text of a locked question. @param {Question} question */
export const preview = (question) => scrolling(h("div.prose.locked", null, shown(question.question_html, question.question_text)));

/**
 * Controls to answer a question. What is typed is kept under `draft` until it is handed in.
 * @param {Question} question @param {string} draft @returns {AnswerForm}
 */
export function answerForm(question, draft) {
  /** @type {Record<string, string>} */
  const typed = kept(draft) ?? {};
  /** @param {string} label @param {string} answer */
  const type = (label, answer) => {
    typed[label] = answer;
    keep(draft, typed);
  };
  const parts = question.parts ?? [];
  const whole = "";
  const controls =
    parts.length === 0
      ? control(question, null, question.options, typed[whole] ?? "", (answer) => type(whole, answer))
      : parts.map((part) => partControl(question, part, typed[part.label] ?? "", (answer) => type(part.label, answer)));
  const element = h("div.answer", null, controls);
  return {
    element,
    given() {
      const blank = (/** @type {string | undefined} */ answer) => (answer ?? "").trim() === "";
      if (parts.length === 0) return blank(typed[whole]) ? null : { answer: typed[whole] ?? "" };
      const answers = Object.fromEntries(parts.map(({ label }) => [label, typed[label] ?? ""]).filter(([, answer]) => !blank(answer)));
      return Object.keys(answers).length === 0 ? null : { answers };
    },
    disable() {
      for (const input of element.querySelectorAll("input")) input.disabled = true;
    },
  };
}

/** @param {Question} question @param {Of<"QuestionPart">} part @param {string} typed @param {(answer: string) => void} type */
function partControl(question, part, typed, type) {
  const worth = points(part.points);
  return h(
    "section.part",
    { "aria-label": t(part.is_gap ? "gap" : "part", { label: part.label }) },
    h("p.label", null, t(part.is_gap ? "gap" : "part", { label: part.label }), worth ? h("span.optional", null, ` · ${worth}`) : null),
    part.text ? scrolling(h("div.prose", null, shown(part.html, part.text))) : null,
    part.hint ? h("p.hint", null, part.hint) : null,
    control(question, part.label, part.options, typed, type),
  );
}

/**
 * @param {Question} question @param {string | null} part @param {Of<"OptionView">[]} options @param {string} typed
 * @param {(answer: string) => void} type
 */
function control(question, part, options, typed, type) {
  return options.length > 0 ? choices(part, options, typed, type) : written(question, part, typed, type);
}

/** @param {string | null} part @param {Of<"OptionView">[]} options @param {string} typed @param {(answer: string) => void} type */
function choices(part, options, typed, type) {
  const name = newId();
  const chosen = new Set(typed.split(", ").filter(Boolean));
  // Without the key it is not known whether one option alone is right.
  const isKnown = options.some((option) => option.is_correct !== undefined);
  const takesMany = !isKnown || options.filter((option) => option.is_correct).length > 1;
  return h(
    "fieldset.choices",
    null,
    h("legend", { class: part === null ? undefined : "unseen" }, t(takesMany ? "choose.many" : "choose.one")),
    options.map((option) => {
      const input = h("input", { type: takesMany ? "checkbox" : "radio", name, value: option.letter, checked: chosen.has(option.letter) });
      input.addEventListener("change", () => {
        if (!takesMany) chosen.clear();
        if (input.checked) chosen.add(option.letter);
        else chosen.delete(option.letter);
        type(options.map(({ letter }) => letter).filter((letter) => chosen.has(letter)).join(", "));
      });
      return h("label.choice", null, input, h("span.letter", null, option.letter), scrolling(h("span.prose", null, shown(option.html, option.text))));
    }),
  );
}

/** How long after the last key the preview is asked for. The quota of a user is 100 requests a minute. */
const PREVIEW_PAUSE_MS = 400;
const LONGEST_ANSWER = 500;

/** @param {Question} question @param {string | null} part @param {string} typed @param {(answer: string) => void} type */
function written(question, part, typed, type) {
  const [id, hintId, readId] = [newId(), newId(), newId()];
  const input = h("input.formula", {
    id,
    type: "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    maxlength: LONGEST_ANSWER,
    "aria-describedby": `${hintId} ${readId}`,
    value: typed,
  });
  const reading = h("output.reading", { id: readId, for: id }, "");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let calls = new AbortController();
  let pausedUntil = 0;
  const look = async () => {
    const answer = input.value.trim();
    calls.abort();
    if (answer === "" || Date.now() < pausedUntil) return fill(reading);
    calls = new AbortController();
    try {
      const query = { answer, part: part ?? undefined };
      const read = await get("/api/questions/{id}/preview-answer", {
        path: { id: question.id },
        query: /** @type {Record<string, string | undefined>} */ (query),
        signal: calls.signal,
      });
      if (input.value.trim() !== answer) return;
      if (!read.readable) fill(reading, h("span.unread", null, t("read.not"), " ", read.problem ? english(read.problem.replaceAll("`", "")) : ""));
      else fill(reading, h("span.unseen", null, t("read.as"), " "), read.mathml ? drawn(read.mathml) : (read.text ?? ""));
    } catch (error) {
      // A preview is a convenience: nothing is said of its failure, and it asks no more while a limit holds.
      if (error instanceof Problem && error.status === 429) pausedUntil = Date.now() + error.retryAfterSeconds * 1000;
    }
  };
  input.addEventListener("input", () => {
    type(input.value);
    clearTimeout(timer);
    timer = setTimeout(() => void look(), PREVIEW_PAUSE_MS);
  });
  if (typed.trim() !== "") timer = setTimeout(() => void look(), 0);
  const label = part === null ? t("answer") : t("answer.part", { label: part });
  return h(
    "div.field",
    null,
    h("label", { for: id }, label),
    input,
    h("p.hint", { id: hintId }, t("answer.hint")),
    scrolling(h("div.readas", null, h("span.hint", { "aria-hidden": "true" }, t("read.as")), reading)),
  );
}

/** Seconds since the question was shown. */
const LONGEST_SECONDS = 86_400;

/**
 * Hands an answer in. The same attempt is sent again after a lost answer, with the same time.
 * @param {string} id @param {Submission} submission @param {number} since @returns {Promise<Marked>}
 */
export async function handIn(id, submission, since) {
  const name = `attempt.${id}`;
  const { time_spent_seconds: _, ...open } = kept(name) ?? /** @type {Submission} */ ({});
  const isSame = JSON.stringify(open) === JSON.stringify(submission);
  const seconds = Math.min(LONGEST_SECONDS, Math.max(0, Math.round((Date.now() - since) / 1000)));
  const body = isSame && kept(name) ? /** @type {Submission} */ (kept(name)) : { ...submission, time_spent_seconds: seconds };
  keep(name, body);
  try {
    const marked = await once("/api/questions/{id}/submit", { path: { id }, body });
    keep(name, null);
    return marked;
  } catch (error) {
    if (error instanceof Problem && !error.isUnsure) keep(name, null);
    throw error;
  }
}

/** Whether the service needs the student's own opinion to mark an answer. @param {unknown} error */
export const needsOpinion = (error) => error instanceof Problem && (error.field === "was_correct" || error.field === "self_report");

/** Asks whether an answer was right that only the student can mark. @param {(wasRight: boolean) => Promise<void>} act */
export function opinion(act) {
  const failed = h("div", null);
  const buttons = /** @type {const} */ (["opinion.yes", "opinion.no"]).map((key) => {
    const button = h("button.button.quiet", { type: "button" }, t(key));
    button.addEventListener("click", () => void run(failed, button, () => act(key === "opinion.yes")));
    return button;
  });
  return notice("note", h("p", null, t("opinion")), h("p.row", null, buttons), failed);
}

/** What an answer got. @param {Marked} marked */
export function verdict(marked) {
  const [kind, key] = marked.correct
    ? /** @type {const} */ (["good", "verdict.right"])
    : marked.score > 0
      ? /** @type {const} */ (["note", "verdict.partly"])
      : /** @type {const} */ (["bad", "verdict.wrong"]);
  const mastery = marked.mastery;
  return h(
    `div.verdict.${kind}`,
    { role: "status" },
    h("p.big", null, icon(kind === "bad" ? "cross" : "check"), t(key, { share: percent(marked.score) })),
    marked.graded_by === "self" ? h("p.hint", null, t("verdict.self")) : null,
    (marked.parts?.length ?? 0) > 0
      ? h("ul.marks", null, marked.parts?.map((part) => h("li", null, icon(part.correct ? "check" : "cross"), `${part.label}: ${percent(part.score)}`)))
      : null,
    mastery
      ? h(
          "div.mastery",
          null,
          h("p", null, t("mastery.now", { share: percent(mastery.mastery), low: percent(mastery.interval[0] ?? 0), high: percent(mastery.interval[1] ?? 1) })),
          bar(mastery.mastery, [mastery.interval[0] ?? 0, mastery.interval[1] ?? 1]),
          mastery.enough_data ? null : h("p.hint", null, t("mastery.little")),
        )
      : null,
    h("p.hint", null, t("verdict.attempts", { n: marked.attempts, share: percent(marked.accuracy_rate) })),
  );
}

/** The solution, as delivered or asked for now. @param {Question} question @returns {Promise<HTMLElement>} */
export async function solution(question) {
  if (question.solution_steps === null && question.answer === null && (question.parts ?? []).every((part) => part.answer === null)) {
    const open = await post("/api/questions/{id}/solution", { path: { id: question.id }, query: { render: "html" } });
    const { answer, answer_html, solution_steps, solution_html } = open;
    return solutionOf({ ...question, answer, solution_steps, ...(answer_html !== undefined && { answer_html }), ...(solution_html !== undefined && { solution_html }) });
  }
  return solutionOf(question);
}

/** @param {Question} question */
export function solutionOf(question) {
  const right = question.options.filter((option) => option.is_correct);
  return h(
    "section.solution",
    { "aria-label": t("solution") },
    h("p.label", null, t("solution")),
    question.solution_steps ? scrolling(h("div.prose", null, shown(question.solution_html, question.solution_steps))) : null,
    (question.parts ?? []).map((part) =>
      part.solution_steps || part.answer
        ? h(
            "div.part",
            null,
            h("p.label", null, t(part.is_gap ? "gap" : "part", { label: part.label })),
            part.solution_steps ? scrolling(h("div.prose", null, shown(part.solution_html, part.solution_steps))) : null,
            part.answer ? scrolling(h("p.key", null, `${t("answer.right")} `, shown(part.answer_html, part.answer))) : null,
          )
        : null,
    ),
    right.length > 0
      ? scrolling(h("p.key", null, `${t("answer.right")} `, right.map((option, index) => [index > 0 ? ", " : "", `${option.letter}: `, shown(option.html, option.text)])))
      : question.answer
        ? scrolling(h("p.key", null, `${t("answer.right")} `, shown(question.answer_html, question.answer)))
        : null,
  );
}

/**
 * An unlocked question that is answered here. `after` makes what follows the verdict.
 * @param {Question} question @param {() => Child} after
 */
export function answering(question, after) {
  const since = Date.now();
  const draft = `draft.answer.${question.id}`;
  const answer = answerForm(question, draft);
  const place = h("div", null);
  const outcome = h("div.outcome", null);
  const check = h("button.button", { type: "submit" }, t("check"));
  const give = h("button.button.quiet", { type: "button" }, t("give.up"));

  /** @param {Child[]} children */
  const end = (...children) => {
    keep(draft, null);
    answer.disable();
    buttons.remove();
    fill(place);
    fill(outcome, ...children, after());
    outcome.querySelector(".verdict, .solution")?.scrollIntoView({ block: "nearest" });
  };
  /** @param {Submission} submission */
  const submit = async (submission) => {
    const marked = await handIn(question.id, submission, since);
    const solved = await solution(question);
    end(verdict(marked), solved, again());
  };
  const again = () => {
    const button = h("button.button.quiet", { type: "button" }, t("again"));
    button.addEventListener("click", () => element.replaceWith(answering(question, after)));
    return h("p.row", null, button);
  };
  /** The service cannot mark it: the student compares. @param {Submission} submission */
  const compare = async (submission) => {
    const solved = await solution(question);
    answer.disable();
    buttons.remove();
    const asked = opinion((wasRight) => submit({ ...submission, was_correct: wasRight }));
    fill(outcome, asked, solved);
    asked.querySelector("button")?.focus();
  };
  const buttons = h("div.row", null, check, give);
  const element = h("form.question", { novalidate: true }, questionText(question), answer.element, buttons, place, outcome);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!check.isConnected) return;
    const given = answer.given();
    if (!given) {
      fill(place, notice("bad", t("answer.missing")));
      element.querySelector("input")?.focus();
      return;
    }
    void run(place, check, async () => {
      try {
        await submit(given);
      } catch (error) {
        if (needsOpinion(error)) return compare(given);
        if (error instanceof Problem && error.field === "answer") {
          fill(place, notice("bad", english(plain(error))));
          return;
        }
        throw error;
      }
    });
  });
  give.addEventListener("click", () => void run(place, give, async () => end(await solution(question), again())));
  return element;
}

const REASONS = /** @type {const} */ (["wrong_key", "wrong_solution", "unreadable", "missing_part", "wrong_topic", "other"]);

/** Reports a faulty question. @param {Question} question */
export function reporting(question) {
  const [reasonId, textId] = [newId(), newId()];
  const reason = h("select", { id: reasonId }, REASONS.map((each) => h("option", { value: each }, t(`report.${each}`))));
  const text = h("textarea", { id: textId, rows: 3, maxlength: 1000 });
  const place = h("div", null);
  const button = h("button.button.quiet", { type: "button" }, t("report.send"));
  button.addEventListener(
    "click",
    () =>
      void run(place, button, async () => {
        const chosen = REASONS[reason.selectedIndex] ?? "other";
        await post("/api/questions/{id}/report", { path: { id: question.id }, body: { reason: chosen, text: text.value.trim() || null } });
        fill(place, notice("good", t("report.done")));
      }),
  );
  return h(
    "details.report",
    null,
    h("summary", null, t("report")),
    h("div.field", null, h("label", { for: reasonId }, t("report.reason")), reason),
    h("div.field", null, h("label", { for: textId }, t("report.text"), h("span.optional", null, ` (${t("optional")})`)), text),
    button,
    place,
  );
}
