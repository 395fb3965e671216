"""Checks of `calc2.json`."""

from sympy import (
    Abs, Eq, Function, Integral, N, Rational, S, Sum, Symbol, diff, dsolve, integrate, limit, log,
    oo, pi, reduce_inequalities, series, solve, solveset, sqrt, Interval, simplify,
)
from sympy.calculus.util import minimum

from .tools import (
    C, K, alternates_to_zero, antiderivative, by_divergence_test, by_power, by_ratio, by_root, choice,
    choice_of_truth, choice_of_value, definite, end_converges, given, initial_value_problem, integral_converges, interval,
    is_antiderivative, near, option_value, parse, points, quadrature, radius_and_ends, ratio_limit, require, right_side,
    sequence_limit, states, symbol, term, that, value, verdict,
)

x, y, t, n, p, r, theta = map(symbol, ["x", "y", "t", "n", "p", "r", "theta"])


# ----------------------------------------------------------------------------------------------- volumes and lengths


def area_between_rotated(question):
    upper, lower = given(question, r"y=\sqrt{x}", r"y=x^{2}")
    states(question, "about the $x$-axis")
    low, high = sorted(solve(upper - lower, x))
    return pi * Abs(integrate(upper**2 - lower**2, (x, low, high)))


def shells(question):
    height = given(question, r"y=e^{-x^{2}}")
    states(question, r"$0\le x\le 1$", "about the $y$-axis")
    return integrate(2 * pi * x * height, (x, 0, 1))


def washers_about_minus_one(question):
    upper, lower = given(question, "y=x", "y=x^{2}")
    states(question, r"$0\le x\le 1$", "line $y=-1$")
    return pi * integrate((upper + 1) ** 2 - (lower + 1) ** 2, (x, 0, 1))


def square_sections(question):
    parabola, top = given(question, "y=x^{2}", "y=4")
    states(question, "perpendicular to the $y$-axis are squares")
    h = Symbol("h", positive=True)
    right, = [root for root in solve(parabola - h, x) if root > 0]
    left, = [root for root in solve(parabola - h, x) if root < 0]
    return integrate((right - left) ** 2, (h, 0, top))


def graph_length(fragment, low, high, *words):
    def length(question):
        states(question, *words)
        slope = diff(given(question, fragment), x)
        return quadrature(Integral(sqrt(1 + slope**2), (x, low, high)))
    return length


def spiral_length(question):
    first, second = given(question, r"x=e^{t}\cos t", r"y=e^{t}\sin t")
    states(question, r"$0\le t\le\pi$")
    return quadrature(Integral(sqrt(diff(first, t) ** 2 + diff(second, t) ** 2), (t, 0, pi)))


# -------------------------------------------------------------------------------------------------------- parameters


def tangent_line(question):
    first, second = given(question, "x=t^{2}+1", "y=t^{3}-3t")
    states(question, "at $t=2$")
    slope = (diff(second, t) / diff(first, t)).subs(t, 2)
    line = second.subs(t, 2) + slope * (x - first.subs(t, 2))
    return simplify(right_side(question["answer"], "y") - line) == 0


def second_derivative(question):
    first, second = given(question, "x=t^{2}+1", "y=t^{3}+t")
    states(question, r"$\frac{d^{2}y}{dx^{2}}$", "$t=1$")
    slope = diff(second, t) / diff(first, t)
    return (diff(slope, t) / diff(first, t)).subs(t, 1)


def arch_area(question):
    first, second = given(question, r"x=2(t-\sin t)", r"y=2(1-\cos t)")
    states(question, r"$0\le t\le 2\pi$")
    return quadrature(Integral(second * diff(first, t), (t, 0, 2 * pi)))


def petal_area(question):
    radius = given(question, r"r=2\sin(3\theta)")
    ends = sorted(solveset(Eq(radius, 0), theta, Interval(0, pi)))[:2]
    require(radius.subs(theta, sum(ends) / 2) > 0, "no petal between the first two zeros")
    return quadrature(Integral(radius**2 / 2, (theta, *ends)))


def area_outside_circle(question):
    outer, inner = given(question, r"r=1+\cos\theta", "r=1")
    states(question, "outside the circle $r=1$")
    low, high = sorted(solveset(Eq(outer, inner), theta, Interval(-pi, pi)))
    require(outer.subs(theta, 0) > inner, "the cardioid is inside at 0")
    return quadrature(Integral((outer**2 - inner**2) / 2, (theta, low, high)))


def horizontal_tangents(question):
    first, second = given(question, "x=t^{2}-2t", "y=t^{3}-12t")
    times = [time for time in solve(diff(second, t), t) if diff(first, t).subs(t, time) != 0]
    return points(question["answer"]) == {(first.subs(t, time), second.subs(t, time)) for time in times}


# ------------------------------------------------------------------------------------------------------------- series


def in_question(fragment, decide):
    return lambda question: decide(given(question, fragment))


def alternating(fragment, exponent):
    """Absolute convergence by comparison with 1/n^exponent, otherwise by the alternating series test."""
    def decide(question):
        alternating_series = given(question, fragment)
        if by_power(alternating_series, exponent) == "converges":
            return "converges absolutely"
        return "converges conditionally" if alternates_to_zero(alternating_series) else "diverges"
    return decide


def slow_alternating(question):
    given_series = given(question, r"\sum_{n=2}^{\infty}\frac{(-1)^{n}}{\ln n}")
    m = Symbol("m", positive=True)
    size = 1 / log(m)
    require(simplify(Abs(term(given_series)) - size.subs(m, K)) == 0, "another series")
    # Larger than the terms 1/n of the harmonic series, from some index on: the quotient grows without bound.
    absolutely = limit(size * m, m, oo) is not oo
    to_zero = limit(size, m, oo) == 0
    decreasing = bool(reduce_inequalities([diff(size, m).subs(m, 2) < 0])) and solve(diff(size, m), m) == []
    converges = absolutely or (to_zero and decreasing)
    return {
        "It converges absolutely.": absolutely,
        "It converges conditionally.": converges and not absolutely,
        "It diverges because its terms do not tend to 0.": not to_zero,
        "It diverges although its terms tend to 0.": to_zero and not converges,
    }


def logarithmic_powers(question, option):
    given_series = given(question, r"\sum_{n=2}^{\infty}\frac{1}{n(\ln n)^{2p}}")
    condition = option_value(option)
    u, b = Symbol("u", positive=True), Symbol("b", positive=True)
    (index, _, _), = given_series.limits
    for trial in map(Rational, ["-1", "0", "1/4", "1/2", "5/8", "3/4", "1", "3/2"]):
        # The integral test after the substitution u = ln n, dn = n du.
        integrand = simplify(given_series.function.subs(p, trial) * index).subs(log(index), u)
        require(integrand.free_symbols <= {u}, "another series")
        converges = limit(integrate(integrand, (u, log(2), b)), b, oo).is_finite
        if bool(condition.subs(p, trial)) != bool(converges):
            return False
    return True


def log_over_square(question):
    given_series = given(question, r"\sum_{n=1}^{\infty}\frac{(-1)^{n}\ln n}{n^{2}}")
    m = Symbol("m", positive=True)
    size = log(m) / m**2
    require(simplify(Abs(term(given_series)) - size.subs(m, K)) == 0, "another series")
    # Below the terms of a p-series with p = 3/2 > 1, from some index on: the quotient tends to 0.
    return "converges absolutely" if limit(size * m ** Rational(3, 2), m, oo) == 0 else "undecided"


def cosine_differences(question):
    given_series = given(question, r"\sum_{n=1}^{\infty}n^{p}\left(1-\cos\left(\frac{1}{n}\right)\right)")
    m = Symbol("m", positive=True)
    (index, _, _), = given_series.limits
    quotient = simplify(given_series.function.subs(index, m) / m ** (p - 2))
    constant = limit(quotient, m, oo)
    require(constant.is_finite and constant > 0, "not of the order of n^(p-2)")
    condition = reduce_inequalities([2 - p > 1], p).as_set()
    return parse(question["answer"]).as_set() == condition


def partial_sum_bound(question):
    given_series = given(question, r"\sum_{n=1}^{\infty}\frac{(-1)^{n+1}}{n^{3}}")
    states(question, r"$|S-S_{N}|\le\frac{1}{1000}$")
    require(alternates_to_zero(given_series), "the estimate does not apply")
    return next(S(count) for count in range(1, 100) if Abs(term(given_series).subs(K, count + 1)) <= Rational(1, 1000))


def convergence_interval(fragment):
    def holds(question):
        power_series = given(question, fragment)
        low, high = radius_and_ends(power_series)
        expected = low, high, end_converges(power_series, low), end_converges(power_series, high)
        return interval(question["answer"]) == expected
    return that(holds)


def interval_option(question, option):
    power_series = given(question, r"\sum_{n=1}^{\infty}\frac{x^{n}}{n^{2}2^{n}}")
    low, high = radius_and_ends(power_series)
    expected = low, high, end_converges(power_series, low), end_converges(power_series, high)
    return interval(option["text"].strip("$")) == expected


def radius(question):
    power_series = given(question, r"\sum_{n=0}^{\infty}\frac{(n!)^{2}}{(2n)!}x^{n}")
    coefficients = Sum(power_series.function.subs(x, 1), *power_series.limits)
    return 1 / ratio_limit(coefficients)


def first_terms(question):
    function = given(question, r"f(x)=x\cos(x^{2})".removeprefix("f(x)="))
    states(question, "first three nonzero terms", "$f(x)=")
    answer = parse(question["answer"])
    return len(answer.as_ordered_terms()) == 3 and simplify(series(function, x, 0, 10).removeO() - answer) == 0


def geometric(question):
    function = given(question, r"\frac{x}{1+4x^{2}}")
    latex, validity = question["answer"].split(r",\ ")
    answer = parse(latex)
    (index, first, last), = answer.limits
    require((first, last) == (0, oo), "other bounds")
    head = sum(answer.function.subs(index, k) for k in range(8))
    a = lambda k: answer.function.subs(index, k)
    quotient = limit(Abs(simplify(a(K + 1) / a(K))).subs(x, 1), K, oo)  # of a geometric series in x^2
    bound = sqrt(1 / quotient)
    return (
        simplify(series(function, x, 0, 16).removeO() - head) == 0
        and parse(validity) == (Abs(x) < bound)
        and near(head.subs(x, Rational(1, 50)), function.subs(x, Rational(1, 50)), 15)
    )


def taylor_polynomial(question):
    function = given(question, r"\ln x")
    states(question, "degree $3$", "$a=2$")
    polynomial = sum(diff(function, x, k).subs(x, 2) * (x - 2) ** k / (1, 1, 2, 6)[k] for k in range(4))
    return simplify((parse(question["answer"]) - polynomial).expand()) == 0


def cosine_sum(question):
    given_series = given(question, r"\sum_{n=0}^{\infty}\frac{(-1)^{n}\pi^{2n}}{9^{n}(2n)!}")
    (index, first, _), = given_series.limits
    return sum(N(given_series.function.subs(index, first + k), 40) for k in range(40))


# ------------------------------------------------------------------------------------------------------ and the others


def salt(question):
    states(question, "holds 100 litres", "5 kg of salt", "Pure water enters at $4$ litres", "leaves at $4$ litres", "$1$ kg")
    amount, time = Function("S"), Symbol("time", positive=True)
    solution = dsolve(amount(time).diff(time) + 4 * amount(time) / 100, ics={amount(0): 5}).rhs
    when, = solve(solution - 1, time)
    return when


def nested_roots(question):
    states(question, "$a_{1}=1$", r"$a_{n+1}=\sqrt{12+a_{n}}$", r"$n\ge 1$", "bounded above by $4$")
    limits = solve(Eq(x, sqrt(12 + x)), x)
    terms = [N(1, 50)]
    for _ in range(45):
        terms.append(sqrt(12 + terms[-1]))
    require(all(a < b < 4 for a, b in zip(terms[:40], terms[1:])), "not increasing below 4")
    fixed_point, = [each for each in limits if near(each, terms[-1], 15)]
    return fixed_point


def oscillating_bound(question):
    integral = given(question, r"\int_{1}^{\infty}\frac{2+\cos x}{x}\,dx")
    least = minimum(simplify(integral.function * x), x, Interval(0, 2 * pi))  # of a function with period 2π
    require(least > 0, "the comparison is empty")
    b = Symbol("b", positive=True)
    return "diverges" if limit(integrate(least / x, (x, 1, b)), b, oo) is oo else "undecided"


def damped_cosine(question):
    integral = given(question, r"\int_{0}^{\infty}e^{-ax}\cos(bx)\,dx")
    states(question, "$a>0$", "$b$")
    a, b = symbol("a"), symbol("b")
    answer = parse(question["answer"])
    pairs = [(Rational(1, 2), 3), (1, 2), (2, -1), (3, 0), (Rational(7, 3), Rational(5, 4))]
    return all(
        near(answer.subs({a: first, b: second}), quadrature(integral.subs({a: first, b: second})), 12)
        for first, second in pairs
    )


def arctan_option(question, option):
    integral = given(question, r"\int x\arctan x\,dx")
    return is_antiderivative(option_value(option).subs(C, 0), integral.function, x)


def circle_option(question, option):
    function = option_value(option).rhs
    return initial_value_problem(r"\frac{dy}{dx}=-\frac{x}{y}", "y(3)=4")(
        {"question_text": question["question_text"]}, function
    )


def solves(equation, condition, *words):
    problem = initial_value_problem(equation, condition)

    def holds(question):
        states(question, *words)
        return problem(question, right_side(question["answer"], "y"))
    return that(holds)


def limit_in_question(fragment):
    return lambda question: sequence_limit(given(question, fragment))


def gaussian(question):
    return quadrature(given(question, r"\int_{0}^{\infty}xe^{-x^{2}}\,dx"))


CHECKS = {
    "calc2-2018-fall-final-q1": antiderivative(r"\int x e^{3x}\,dx"),
    "calc2-2018-fall-final-q2": definite(r"\int_{0}^{3/2}\frac{x^{2}}{\sqrt{9-x^{2}}}\,dx"),
    "calc2-2018-fall-final-q3": antiderivative(r"\int\frac{5x+1}{x^{2}+x-2}\,dx"),
    "calc2-2018-fall-final-q4": value(area_between_rotated),
    "calc2-2018-fall-final-q5": solves(r"\frac{dy}{dx}=6x^{2}y", "y(0)=4"),
    "calc2-2018-fall-final-q6": verdict(in_question(r"\sum_{n=1}^{\infty}\frac{n!}{n^{n}}", by_ratio)),
    "calc2-2018-fall-final-q7": convergence_interval(r"\sum_{n=1}^{\infty}\frac{(x-2)^{n}}{n3^{n}}"),
    "calc2-2018-fall-final-q8": definite(r"\int_{1}^{\infty}\frac{\ln x}{x^{3}}\,dx"),
    "calc2-2018-fall-final-q9": choice_of_value(limit_in_question(r"\frac{3n^{2}-n}{5n^{2}+2}")),
    "calc2-2019-spring-midterm-q1": definite(r"\int_{1}^{e}x^{2}\ln x\,dx"),
    "calc2-2019-spring-midterm-q2": antiderivative(r"\int\sin^{3}x\cos^{2}x\,dx"),
    "calc2-2019-spring-midterm-q3": antiderivative(r"\int\frac{3x^{2}+2x+9}{x^{3}+9x}\,dx"),
    "calc2-2019-spring-midterm-q4": choice(lambda question, option: integral_converges(option_value(option))),
    "calc2-2019-spring-midterm-q5": value(shells),
    "calc2-2019-spring-midterm-q6": solves(r"\frac{dy}{dx}=(1+y^{2})\cos x", "y(0)=1", "near $x=0$"),
    "calc2-2019-fall-final-q1": antiderivative(r"\int e^{2x}\sin(3x)\,dx"),
    "calc2-2019-fall-final-q2": definite(r"\int_{3}^{5}\frac{4}{x^{2}-4}\,dx"),
    "calc2-2019-fall-final-q3": definite(r"\int_{0}^{\infty}x^{2}e^{-x/2}\,dx"),
    "calc2-2019-fall-final-q4": value(salt, "t"),
    "calc2-2019-fall-final-q5": value(limit_in_question(r"\left(1+\frac{3}{2n}\right)^{4n}")),
    "calc2-2019-fall-final-q6": verdict(
        in_question(r"\sum_{n=1}^{\infty}\frac{\sqrt{n}+2}{n^{2}+n+1}", lambda each: by_power(each, Rational(3, 2)))
    ),
    "calc2-2019-fall-final-q7": choice_of_truth(slow_alternating),
    "calc2-2019-fall-final-q8": that(first_terms),
    "calc2-2020-fall-final-q1": definite(r"\int_{0}^{\pi}x^{2}\cos x\,dx"),
    "calc2-2020-fall-final-q2": definite(r"\int_{0}^{\pi/4}\sec^{4}x\tan x\,dx"),
    "calc2-2020-fall-final-q3": value(
        graph_length(r"y=\frac{x^{2}}{4}-\frac{\ln x}{2}", 1, parse("e"), "from $x=1$ to $x=e$")
    ),
    "calc2-2020-fall-final-q4": choice(circle_option),
    "calc2-2020-fall-final-q5": verdict(in_question(r"\sum_{n=1}^{\infty}\frac{3^{n}n!}{(2n)!}", by_ratio)),
    "calc2-2020-fall-final-q6": choice(logarithmic_powers),
    "calc2-2020-fall-final-q7": convergence_interval(r"\sum_{n=0}^{\infty}\frac{(-1)^{n}(2x+1)^{n}}{n+1}"),
    "calc2-2020-fall-final-q8": that(tangent_line),
    "calc2-2021-spring-midterm-q1": choice(arctan_option),
    "calc2-2021-spring-midterm-q2": antiderivative(r"\int\frac{1}{x^{2}\sqrt{x^{2}+16}}\,dx"),
    "calc2-2021-spring-midterm-q3": antiderivative(r"\int\frac{3x^{2}-5x+4}{x(x-1)^{2}}\,dx"),
    "calc2-2021-spring-midterm-q4": definite(r"\int_{0}^{4}\frac{1}{\sqrt{4-x}}\,dx"),
    "calc2-2021-spring-midterm-q5": value(
        graph_length(r"y=\frac{1}{3}(x^{2}+2)^{3/2}", 0, 3, r"$0\le x\le 3$")
    ),
    "calc2-2021-spring-midterm-q6": value(nested_roots),
    "calc2-2022-fall-final-q1": definite(r"\int_{0}^{1}(2x+1)e^{-x}\,dx"),
    "calc2-2022-fall-final-q2": definite(r"\int_{0}^{1}\frac{3x^{2}+1}{(x+1)(x^{2}+1)}\,dx"),
    "calc2-2022-fall-final-q3": verdict(oscillating_bound),
    "calc2-2022-fall-final-q4": choice(lambda question, option: sequence_limit(option_value(option)) is None),
    "calc2-2022-fall-final-q5": verdict(alternating(r"\sum_{n=1}^{\infty}\frac{(-1)^{n+1}n}{n^{2}+4}", 1)),
    "calc2-2022-fall-final-q6": verdict(
        in_question(r"\sum_{n=1}^{\infty}\left(\frac{n}{n+1}\right)^{n}", by_divergence_test)
    ),
    "calc2-2022-fall-final-q7": that(geometric),
    "calc2-2022-fall-final-q8": value(spiral_length),
    "calc2-2023-spring-midterm-q1": antiderivative(r"\int\sin(\ln x)\,dx"),
    "calc2-2023-spring-midterm-q2": choice_of_value(
        in_question(r"\int_{0}^{\pi/2}\sin^{2}x\cos^{2}x\,dx", quadrature)
    ),
    "calc2-2023-spring-midterm-q3": definite(r"\int_{\sqrt{2}}^{2}\frac{1}{x\sqrt{x^{2}-1}}\,dx"),
    "calc2-2023-spring-midterm-q4": antiderivative(r"\int\frac{x^{3}+x^{2}+x+3}{x^{2}-1}\,dx"),
    "calc2-2023-spring-midterm-q5": choice_of_value(gaussian),
    "calc2-2023-spring-midterm-q6": value(second_derivative),
    "calc2-2024-fall-final-q1": antiderivative(r"\int\ln^{2}x\,dx"),
    "calc2-2024-fall-final-q2": antiderivative(r"\int\tan^{3}x\sec x\,dx"),
    "calc2-2024-fall-final-q3": value(square_sections),
    "calc2-2024-fall-final-q4": verdict(in_question(r"\sum_{n=1}^{\infty}\left(\frac{2n}{3n+1}\right)^{n}", by_root)),
    "calc2-2024-fall-final-q5": choice_of_value(partial_sum_bound),
    "calc2-2024-fall-final-q6": that(taylor_polynomial),
    "calc2-2024-fall-final-q7": value(arch_area),
    "calc2-2024-fall-final-q8": value(petal_area),
    "calc2-2025-spring-final-q1": antiderivative(r"\int x\sec^{2}x\,dx"),
    "calc2-2025-spring-final-q2": definite(r"\int_{0}^{1}\frac{\ln x}{\sqrt{x}}\,dx"),
    "calc2-2025-spring-final-q3": value(limit_in_question(r"\left(\sqrt{n^{2}+5n}-n\right)")),
    "calc2-2025-spring-final-q4": that(cosine_differences),
    "calc2-2025-spring-final-q5": verdict(log_over_square),
    "calc2-2025-spring-final-q6": value(radius),
    "calc2-2025-spring-final-q7": choice_of_value(cosine_sum),
    "calc2-2025-spring-final-q8": that(horizontal_tangents),
    "calc2-2025-spring-final-q9": value(area_outside_circle),
    "calc2-gen-q1": that(damped_cosine),
    "calc2-gen-q2": choice(interval_option),
    "calc2-gen-q3": value(washers_about_minus_one),
}

#: Equations in solutions that are not identities: relations between unknowns, differentials, substitutions.
CONDITIONS = {
    r"\frac{dy}{y}=6x^{2}\,dx",
    r"\ln|y|=2x^{3}+C_{1}",
    r"\frac{dy}{1+y^{2}}=\cos x\,dx",
    r"\ln S=-\frac{t}{25}+C",
    r"\frac{13}{4}I=\frac{1}{4}e^{2x}(2\sin(3x)-3\cos(3x))",
    r"y\,dy=-x\,dx",
    r"\frac{y^{2}}{2}=-\frac{x^{2}}{2}+C",
    r"\sqrt{x^{2}+16}=4\sec\theta",
    r"\sin\theta=\frac{x}{\sqrt{x^{2}+16}}",
    r"\sqrt{x^{2}-1}=\tan\theta",
    r"\cos\theta=0",
    r"\int_{0}^{\infty}e^{-ax}\sin(bx)\,dx=\frac{b}{a}\int_{0}^{\infty}e^{-ax}\cos(bx)\,dx=\frac{b}{a}I",
}
