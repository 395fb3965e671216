// Credits: the balance, plans, vouchers, and where credits went.

import { Problem, get, once, post } from "../api.js";
import { fill, h } from "../dom.js";
import { doing, form, heading, notice, table } from "../pieces.js";
import { figure } from "./course.js";
import { me, prices, setCredits } from "../state.js";
import { date, dateTime, number, t } from "../texts.js";

/** @param {Context} context @returns {Promise<Page>} */
export async function credits({ signal }) {
  const [balance, list, first] = await Promise.all([
    get("/api/credits/balance", { signal }),
    prices(),
    get("/api/credits/transactions", { query: { limit: 20 }, signal }),
    me(),
  ]);
  setCredits(balance.credits);
  const rows = h("div", null);
  /** @type {Of<"Transaction">[]} */
  const all = [];
  const add = (/** @type {typeof first} */ page) => {
    all.push(...page.transactions);
    const cursor = page.next_cursor;
    fill(
      rows,
      table(
        t("history"),
        [t("date"), t("what"), t("amount"), t("balance")],
        all.map((entry) => [dateTime(Date.parse(entry.created_at)), h("span", null, t(`entry.${entry.type}`), entry.description ? h("span.hint", { lang: "en" }, ` ${entry.description}`) : null), h("span", { class: entry.amount < 0 ? "minus" : "plus" }, signed(entry.amount)), number(entry.balance_after)]),
        { numbers: [2, 3], hide: true },
      ),
      cursor ? doing(t("more"), async () => add(await get("/api/credits/transactions", { query: { limit: 20, cursor } })), "button quiet") : null,
    );
  };
  add(first);
  const cost = list.prices;
  return {
    title: t("credits"),
    body: [
      heading(t("credits")),
      h(
        "dl.figures",
        null,
        figure(t("balance"), balance.has_unlimited ? t("unlimited") : number(balance.credits)),
        figure(t("plan"), t(`plan.${balance.plan}`)),
        figure(t("monthly"), number(balance.monthly_credits)),
        figure(t("next.reset"), date(balance.credits_reset_at * 1000)),
      ),
      balance.subscription?.payment_failing ? notice("bad", t("payment.failing")) : null,
      balance.subscription?.ends_at ? notice("note", t("subscription.ends", { date: date(balance.subscription.ends_at * 1000) })) : null,
      h(
        "section",
        null,
        h("h2", null, t("prices")),
        table(
          t("prices"),
          [t("what"), t("credits")],
          [
            [t("price.practice"), number(cost.practice_question)],
            [t("price.bundle", { n: cost.bundle_questions }), number(cost.bundle)],
            [t("midterm"), number(cost.midterm)],
            [t("analysis"), number(cost.analysis)],
          ],
          { numbers: [1], hide: true },
        ),
      ),
      h("section", null, h("h2", null, t("plans")), h("ul.cards.plans", null, list.plans.map((offer) => plan(offer, balance)))),
      balance.subscription ? h("p", null, manage()) : null,
      h("section", null, voucher()),
      h("section", null, h("h2", null, t("history")), rows),
    ],
  };
}

/** @param {number} amount */
const signed = (amount) => (amount > 0 ? `+${number(amount)}` : number(amount).replace("-", "−"));

/** @param {Of<"PlanOffer">} offer @param {Of<"Balance">} balance */
function plan(offer, balance) {
  const isMine = offer.plan === balance.plan;
  const paid = offer.plan;
  return h(
    "li.card",
    null,
    h("h3", null, t(`plan.${offer.plan}`), isMine ? h("span.tag.good", null, t("plan.yours")) : null),
    h("p", null, offer.is_unlimited ? t("plan.unlimited.text") : t("plan.credits", { n: offer.monthly_credits })),
    offer.is_for_sale && !isMine && paid !== "free"
      ? doing(t("plan.choose"), async () => {
          const { checkout_url } = await once("/api/credits/purchase", { body: { plan: paid } });
          location.assign(checkout_url);
        })
      : null,
    offer.is_for_sale && !isMine ? h("p.hint", null, t("plan.stripe")) : null,
  );
}

const manage = () =>
  doing(
    t("subscription.manage"),
    async () => {
      const { portal_url } = await once("/api/credits/portal");
      location.assign(portal_url);
    },
    "button quiet",
  );

/** All codes that give nothing are 404. */
function voucher() {
  const place = h("div", { role: "status" });
  const element = form({
    name: "voucher",
    fields: [{ name: "code", label: t("voucher.code"), max: 100 }],
    submit: t("voucher.redeem"),
    kind: "button quiet",
    act: async (values) => {
      fill(place);
      try {
        const { credits_granted, credits } = await post("/api/credits/redeem", { body: { code: (values["code"] ?? "").trim() } });
        setCredits(credits);
        fill(place, notice("good", t("voucher.done", { n: credits_granted })));
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 404) throw error;
        fill(place, notice("bad", t("voucher.unknown")));
      }
    },
  });
  return h("details", null, h("summary", null, t("voucher")), element, place);
}
