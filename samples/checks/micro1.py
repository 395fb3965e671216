"""Checks of `micro1.json`."""

from sympy import Abs, Rational, diff, integrate, solve, symbols

from .tools import (
    choice_of_truth, choice_of_value, given, names, require, right_side, states, symbol,
    that, value,
)

P, Q, q, I = map(symbol, ["P", "Q", "q", "I"])
positive = symbols("positive", positive=True)


def crossing(first, second, unknown):
    """The positive solution of first = second."""
    solution, = [each for each in solve(first - second, unknown) if each > 0]
    return solution


# ------------------------------------------------------------------------------------------------------------ markets


def linear_market(question):
    demand, supply = given(question, "Q_{d}=120-4P", "Q_{s}=2P-12")
    price = crossing(demand, supply, P)
    return names(question["answer"]) == {"P": price, "Q": demand.subs(P, price)}


def income_shift(question):
    demand, supply = given(question, r"Q_{d}=100-2P+\frac{I}{100}", "Q_{s}=3P-20")
    states(question, "from $3000$ to $4500$")
    before, after = (crossing(demand.subs(I, income), supply, P) for income in (3000, 4500))
    return after - before


def ceiling_shortage(question):
    demand, supply = given(question, "Q_{d}=150-3P", "Q_{s}=2P")
    states(question, "caps the price at $20$")
    require(crossing(demand, supply, P) > 20, "the cap does not bind")
    return (demand - supply).subs(P, 20)


def total_surplus(question):
    demand, supply = given(question, "P=100-Q", r"P=10+\frac{Q}{2}")
    return integrate(demand - supply, (Q, 0, crossing(demand, supply, Q)))


# --------------------------------------------------------------------------------------------------------- elasticity


def elasticity(function, at):
    return (diff(function, P) * P / function).subs(P, at)


def linear_elasticity(question):
    states(question, "at $P=16$")
    return elasticity(given(question, "Q=200-5P"), 16)


def root_elasticity(question):
    states(question, "at $P=25$")
    return elasticity(given(question, r"Q=10+4\sqrt{P}"), 25)


def cross_elasticity(question):
    demand = given(question, "Q=40P_{x}^{-0.8}P_{y}^{0.5}")
    states(question, "with respect to the price $P_{y}$")
    own, other = symbol("P_{x}"), symbol("P_{y}")
    values = {(diff(demand, other) * other / demand).subs({own: a, other: b}) for a, b in [(2, 3), (5, 1), (7, 11)]}
    require(len({value.evalf(20) for value in values}) == 1, "not constant")
    return values.pop()


def midpoint(question):
    states(question, "from $4$ to $6$", "from $60$ to $40$", "midpoint formula")
    relative = lambda old, new: Rational(new - old) / Rational(old + new, 2)
    return relative(60, 40) / relative(4, 6)


def price_rise(question):
    states(question, "by 10 percent", "falls by 4 percent")
    elastic = Abs(Rational(-4, 10)) > 1
    rises = Rational(110, 100) * Rational(96, 100) > 1
    return {
        f"Demand is {demand} and revenue {revenue}.": elastic == (demand == "elastic") and rises == (revenue == "rises")
        for demand in ("elastic", "inelastic") for revenue in ("falls", "rises")
    }


def best_revenue_price(question):
    revenue = P * given(question, "Q=90-3P")
    price, = solve(diff(revenue, P), P)
    require(diff(revenue, P, 2) < 0, "not a maximum")
    return price


# ------------------------------------------------------------------------------------------------------------ welfare


def consumer_surplus(question):
    demand, supply = given(question, "P=60-2Q", "P=10+3Q")
    quantity = crossing(demand, supply, Q)
    return integrate(demand - demand.subs(Q, quantity), (Q, 0, quantity))


def tax_revenue(question):
    demand, supply = given(question, "P=90-Q", "P=10+Q")
    states(question, "tax of $20$ per unit")
    return 20 * crossing(demand, supply + 20, Q)


def buyers_part(question):
    demand, supply = given(question, "Q_{d}=240-4P", "Q_{s}=2P")
    states(question, "tax of $12$ per unit", "do buyers bear")
    return (crossing(demand, supply.subs(P, P - 12), P) - crossing(demand, supply, P)) / 12


def deadweight_loss_of_tax(question):
    demand, supply = given(question, "P=80-Q", "P=20+2Q")
    states(question, "tax of $15$ per unit")
    return integrate(demand - supply, (Q, crossing(demand, supply + 15, Q), crossing(demand, supply, Q)))


def buyers_share_by_elasticity(question):
    states(question, "demand is $-0.5$", "supply is $1.5$", "do buyers bear")
    # A linear market with these elasticities at price 1 and quantity 1, and a tax so small that it stays near.
    tax = Rational(1, 100)
    demand, supply = 1 - Rational(1, 2) * (P - 1), 1 + Rational(3, 2) * (P - 1)
    return (crossing(demand, supply.subs(P, P - tax), P) - 1) / tax


def subsidy_cost(question):
    demand, supply = given(question, "Q_{d}=60-2P", "Q_{s}=P")
    states(question, "subsidy of $6$ per unit")
    return 6 * demand.subs(P, crossing(demand, supply.subs(P, P + 6), P))


# -------------------------------------------------------------------------------------------------------------- costs


def lowest(function):
    """The positive q at which a function is smallest."""
    at = crossing(diff(function, q), 0, q)
    require(diff(function, q, 2).subs(q, at) > 0, "not a minimum")
    return at


def best_scale(question):
    states(question, "C(q)=100+4q+q^{2}")
    return lowest(given(question, "100+4q+q^{2}") / q)


def shutdown_price(question):
    cost = given(question, "q^{3}-6q^{2}+15q+40")
    states(question, "$40$ is a fixed cost")
    average = (cost - cost.subs(q, 0)) / q
    return average.subs(q, lowest(average))


def firms(question):
    cost, demand = given(question, "q^{2}+2q+36", "Q_{d}=404-10P")
    scale = lowest(cost / q)
    return demand.subs(P, (cost / q).subs(q, scale)) / scale


def cheapest_inputs(question):
    output = given(question, r"q=\sqrt{KL}")
    states(question, "$4$ per unit of $L$", "$9$ per unit of $K$")
    labour, capital, target = symbols("labour capital target", positive=True)
    need, = solve(output.subs({symbol("K"): capital, symbol("L"): labour}) - target, capital)
    spending = 4 * labour + 9 * need
    best, = solve(diff(spending, labour), labour)
    require(diff(spending, labour, 2).subs(labour, best).is_positive, "not a minimum")
    answer = right_side(question["answer"], "C(q)")
    return (spending.subs(labour, best) - answer.subs(q, target)).equals(0)


# ------------------------------------------------------------------------------------------------- market power, games


def monopoly(demand, cost):
    """The quantity of the largest profit, and that profit."""
    profit = demand * Q - cost
    quantity, = solve(diff(profit, Q), Q)
    require(diff(profit, Q, 2) < 0, "not a maximum")
    return quantity, profit.subs(Q, quantity)


def monopoly_profit(question):
    demand, cost = given(question, "P=100-2Q", "100+20Q")
    states(question, "C(Q)=100+20Q")
    return monopoly(demand, cost)[1]


def monopoly_loss(question):
    demand = given(question, "P=120-Q")
    states(question, "marginal cost of $30$")
    return integrate(demand - 30, (Q, monopoly(demand, 30 * Q)[0], crossing(demand, 30, Q)))


def markup_price(question):
    states(question, "marginal cost $15$", "price elasticity $-4$")
    profit = (positive - 15) * positive**-4
    price, = solve(diff(profit, positive), positive)
    require(diff(profit, positive, 2).subs(positive, price) < 0, "not a maximum")
    return price


def cournot_price(question):
    demand = given(question, "P=90-Q")
    states(question, "marginal cost of $30$", "Two firms", "$Q=q_{1}+q_{2}$")
    first, second = symbols("first second")
    profits = [(demand.subs(Q, first + second) - 30) * own for own in (first, second)]
    solution = solve([diff(profits[0], first), diff(profits[1], second)], [first, second])
    return demand.subs(Q, first + second).subs(solution)


def fares(question):
    states(
        question, "both choose high, each earns $8$", "both choose low, each earns $4$",
        "only one chooses low, it earns $10$ and the other earns $2$",
    )
    earns = {("high", "high"): 8, ("low", "low"): 4, ("low", "high"): 10, ("high", "low"): 2}
    moves = ("high", "low")
    equilibria = {
        (a, b) for a in moves for b in moves
        if all(earns[a, b] >= earns[other, b] for other in moves) and all(earns[b, a] >= earns[other, a] for other in moves)
    }
    return {
        "Only (high, high)": equilibria == {("high", "high")},
        "Only (low, low)": equilibria == {("low", "low")},
        "(high, high) and (low, low)": equilibria == {("high", "high"), ("low", "low")},
        "None": not equilibria,
    }


def penalty(question):
    states(
        question, "$0.4$ if both go left", "$0.9$ if only the kicker goes left", "$0.8$ if only the goalkeeper goes left",
        "$0.5$ if both go right", "does the kicker shoot left",
    )
    score = {("l", "l"): 4, ("l", "r"): 9, ("r", "l"): 8, ("r", "r"): 5}  # in tenths: (kicker, goalkeeper)
    for kick in "lr":
        for dive in "lr":
            other = lambda side: "r" if side == "l" else "l"
            stable = score[kick, dive] >= score[other(kick), dive] and score[kick, dive] <= score[kick, other(dive)]
            require(not stable, "there is an equilibrium in pure strategies")
    left = symbols("left")
    against = [left * score["l", dive] + (1 - left) * score["r", dive] for dive in "lr"]
    mixture, = solve(against[0] - against[1], left)
    require(0 < mixture < 1, "not a probability")
    return mixture


CHECKS = {
    "micro1-2021-fall-midterm-q1": that(linear_market),
    "micro1-2021-fall-midterm-q2": value(linear_elasticity),
    "micro1-2021-fall-midterm-q3": choice_of_truth(price_rise),
    "micro1-2021-fall-midterm-q4": value(consumer_surplus),
    "micro1-2021-fall-midterm-q5": value(tax_revenue),
    "micro1-2021-fall-midterm-q6": value(best_scale, "q"),
    "micro1-2022-fall-final-q1": value(income_shift),
    "micro1-2022-fall-final-q2": value(cross_elasticity),
    "micro1-2022-fall-final-q3": value(buyers_part),
    "micro1-2022-fall-final-q4": value(shutdown_price),
    "micro1-2022-fall-final-q5": value(monopoly_profit),
    "micro1-2022-fall-final-q6": choice_of_truth(fares),
    "micro1-2023-fall-midterm-q1": value(ceiling_shortage),
    "micro1-2023-fall-midterm-q2": value(midpoint),
    "micro1-2023-fall-midterm-q3": choice_of_value(best_revenue_price),
    "micro1-2023-fall-midterm-q4": value(deadweight_loss_of_tax),
    "micro1-2023-fall-midterm-q5": value(firms),
    "micro1-2023-fall-midterm-q6": value(penalty),
    "micro1-2024-spring-final-q1": value(total_surplus),
    "micro1-2024-spring-final-q2": value(root_elasticity),
    "micro1-2024-spring-final-q3": choice_of_value(buyers_share_by_elasticity),
    "micro1-2024-spring-final-q4": value(subsidy_cost),
    "micro1-2024-spring-final-q5": that(cheapest_inputs),
    "micro1-2024-spring-final-q6": value(monopoly_loss),
    "micro1-2024-spring-final-q7": value(cournot_price),
    "micro1-2024-spring-final-q8": choice_of_value(markup_price),
}

#: Equations in solutions that are not identities: relations between unknowns.
CONDITIONS = {
    "P_{b}-P_{s}=20",
    r"\frac{\partial Q}{\partial P_{y}}=0.5\cdot 40P_{x}^{-0.8}P_{y}^{-0.5}",
    r"q=\sqrt{KL}=\frac{2}{3}L",
}
