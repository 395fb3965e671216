"""Building blocks of the checks.

A check is a function of a question, as it stands in the course file. It derives the answer from the problem's data and
raises `Failed` when the answer, read from its LaTeX, is another one. The data are read from the question's own text:
`given` fails when the text no longer holds the fragment that a check works on.
"""

import re
from functools import lru_cache
from itertools import combinations, product

import mpmath
from sympy import (
    Abs, E, Eq, Float, Function, Integral, N, Rational, S, Sum, Symbol, combsimp, diff, lambdify, limit, pi, powsimp,
    simplify, solve, zoo, nan, oo,
)
from sympy.core.function import AppliedUndef
from sympy.parsing.latex import parse_latex

mpmath.mp.dps = 40

#: Where functions are compared: away from the zeros and poles of the sample problems.
POINTS = [Rational(n, 77) for n in (-533, -319, -190, -131, -67, -23, 11, 29, 52, 97, 141, 250, 340, 451, 700)]
#: Names that multiply a bracket after them, which the parser would take for functions.
FACTOR = re.compile(r"(?<![a-z\\])(\\pi|[xntpABLPQqu])\s*\(")
C = Symbol("C", real=True)
K = Symbol("k", integer=True, positive=True)


class Failed(Exception):
    """Why a check failed."""


def require(condition, message):
    if not condition:
        raise Failed(message)


# ------------------------------------------------------------------------------------------------------------ reading


def symbol(name):
    return Symbol(name, real=True)


def _rebuild(expression):
    """Evaluates what the parser left unevaluated, and gives names their meaning."""
    if isinstance(expression, Float):
        return Rational(str(expression))
    if isinstance(expression, Symbol):
        return {"e": E, "pi": pi}.get(expression.name, symbol(expression.name))
    if isinstance(expression, AppliedUndef):
        raise Failed(f"unknown function: {expression}")
    if not expression.args:
        return expression
    return expression.func(*(_rebuild(argument) for argument in expression.args))


@lru_cache(maxsize=None)
def parse(latex):
    """The expression that LaTeX stands for."""
    plain = re.sub(r"\\(left|right)(?![a-z])", "", latex)
    try:
        parsed = parse_latex(FACTOR.sub(r"\1\\cdot (", plain), strict=True)
    except Exception as error:
        raise Failed(f"not readable: {latex} ({str(error).splitlines()[0]})") from error
    return _rebuild(parsed)


def given(question, *fragments):
    """The expressions of fragments of the question's text; an equation `name=…` stands for its right side."""
    values = []
    for fragment in fragments:
        require(fragment in question["question_text"], f"the question does not state {fragment}")
        value = parse(fragment)
        values.append(value.rhs if isinstance(value, Eq) else value)
    return values if len(values) != 1 else values[0]


def states(question, *fragments):
    """Checks that the question's text holds these words."""
    for fragment in fragments:
        require(fragment in question["question_text"], f"the question does not state {fragment!r}")


def right_side(latex, name):
    """What stands after `name=`."""
    require(latex.startswith(f"{name}="), f"the answer does not begin with {name}=")
    return parse(latex.removeprefix(f"{name}="))


def names(latex):
    """`P=22,\\ Q=32` as a dictionary."""
    parts = (part.strip().split("=") for part in re.split(r",\\ ", latex))
    return {name: parse(value) for name, value in parts}


def points(latex):
    """`(0,-16),\\ (8,16)` as a set of pairs."""
    require(re.fullmatch(r"\([^(),]+,[^(),]+\)(,\\ \([^(),]+,[^(),]+\))*", latex), f"not points: {latex}")
    return {(parse(x), parse(y)) for x, y in re.findall(r"\(([^(),]+),([^(),]+)\)", latex)}


def interval(latex):
    """`[-1,5)` as its ends and whether they belong to it."""
    match = re.fullmatch(r"([\[(])([^,]+),([^,]+)([\])])", latex)
    require(match, f"not an interval: {latex}")
    return parse(match[2]), parse(match[3]), match[1] == "[", match[4] == "]"


def option_value(option):
    """The expression of an option that consists of LaTeX, possibly within a few words; none if it has no LaTeX."""
    latex = re.findall(r"\$([^$]+)\$", option["text"])
    return parse(latex[0]) if len(latex) == 1 else None


# ---------------------------------------------------------------------------------------------------------- comparing


def number(value):
    """A real number with 40 digits; none for anything else."""
    try:
        value = N(value, 40)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if value.free_symbols or value in (zoo, nan, oo, -oo) or not value.is_number:
        return None
    real, imaginary = value.as_real_imag()
    if not (real.is_Float or real.is_Rational) or abs(imaginary) > Rational(1, 10**25):
        return None
    return mpmath.mpf(real)


def near(a, b, digits=20):
    a, b = number(a), number(b)
    if a is None or b is None:
        return False
    return abs(a - b) <= mpmath.mpf(10) ** -digits * max(1, abs(b))


def same_function(a, b, x, where=POINTS, at_least=3):
    """Whether a equals b at every one of the points where b is real (and at some of them it has to be)."""
    checked = 0
    for point in where:
        target = number(b.subs(x, point))
        if target is None:
            continue
        if not near(a.subs(x, point), target):
            return False
        checked += 1
    return checked >= at_least


def is_antiderivative(function, integrand, x):
    """Whether function' = integrand, and function is real, wherever the integrand is."""
    real = all(
        number(function.subs(x, point)) is not None
        for point in POINTS if number(integrand.subs(x, point)) is not None
    )
    return real and same_function(diff(function, x), integrand, x)


# ----------------------------------------------------------------------------------------------------------- calculus


def quadrature(integral):
    """A definite integral by numerical quadrature, independent of any antiderivative."""
    (x, low, high), = integral.limits
    function = lambdify(x, integral.function, "mpmath")
    low, high = (mpmath.mpf(N(bound, 40)) if bound.is_finite else mpmath.inf for bound in (low, high))
    if high == mpmath.inf:
        start = max(low, mpmath.mpf(1))
        head = mpmath.quad(function, [low, start]) if low < start else mpmath.mpf(0)
        return head + mpmath.quad(lambda u: function(mpmath.exp(u)) * mpmath.exp(u), [mpmath.log(start), 2, 4, 8, 16, 60])
    # Each half is stretched at its bound, which tames an integrable singularity there: x = bound + width u^8.
    width = (high - low) / 2
    return width * (_half(function, low, width) + _half(function, high, -width))


def _half(function, bound, width):
    def stretched(u):
        x = bound + width * u**8
        return function(x) * 8 * u**7 if x != bound else mpmath.mpf(0)
    return mpmath.quad(stretched, [0, 1])


def integral_converges(integral):
    """Whether an integral with one improper end converges: the limit of its proper parts is finite."""
    (x, low, high), = integral.limits
    s = Symbol("s", positive=True)
    if high is oo:
        value = limit(Integral(integral.function.subs(x, s), (s, low, K)).doit(), K, oo)
    else:
        a = Symbol("a", positive=True)
        part = Integral(integral.function.subs(x, s), s).doit()
        value = part.subs(s, high) - limit(part.subs(s, a), a, 0, "+")
    return bool(value.is_finite)


def term(series):
    """The general term of a series, with a positive integer index `K`."""
    (n, _, _), = series.limits
    return series.function.subs(n, K)


def sequence_limit(sequence):
    """The limit of a sequence in n; none if those over even and odd n differ."""
    n = symbol("n")
    even, odd = (limit(simplify(sequence.subs(n, 2 * K + shift)), K, oo) for shift in (0, 1))
    return even if simplify(even - odd) == 0 and even.is_finite else None


def ratio_limit(series):
    """The limit of |a(n+1)/a(n)|."""
    a = term(series)
    return limit(powsimp(combsimp(Abs(simplify(a.subs(K, K + 1) / a)))), K, oo)


def by_ratio(series):
    value = ratio_limit(series)
    require(value != 1, "the ratio test is silent")
    return "converges" if value < 1 else "diverges"


def by_root(series):
    value = limit(simplify(Abs(term(series)) ** (1 / K)), K, oo)
    require(value != 1, "the root test is silent")
    return "converges" if value < 1 else "diverges"


def by_divergence_test(series):
    value = limit(term(series), K, oo)
    require(value != 0, "the divergence test is silent")
    return "diverges"


def by_power(series, exponent):
    """Limit comparison of the absolute values with the sum of 1/n^exponent."""
    positive = Symbol("m", positive=True)
    value = limit((magnitude(series) * K**exponent).subs(K, positive), positive, oo)
    require(value.is_finite and value > 0, f"the terms are not of the order of n^-{exponent}")
    return "converges" if exponent > 1 else "diverges"


def magnitude(series):
    """|a(n)| of an alternating series or one of positive terms, without powers of -1."""
    return simplify(term(series).replace(lambda e: e.is_Pow and e.base == -1, lambda e: S.One))


def alternates_to_zero(series):
    """The conditions of the alternating series test, the decrease from some index on."""
    b = magnitude(series)
    ratio = simplify(term(series).subs(K, K + 1) / term(series) * b / b.subs(K, K + 1))
    require(ratio == -1, "the signs do not alternate")
    m = Symbol("m", positive=True)
    slope = diff(b.subs(K, m), m)
    falling = all(number(slope.subs(m, at)) < 0 for at in (10, 100, 1000, 10**6))
    # Where the slope vanishes last: beyond it the terms decrease.
    roots = [root for root in solve(slope, m) if root.is_real]
    return limit(b.subs(K, m), m, oo) == 0 and falling and all(number(root) < 10 for root in roots)


def radius_and_ends(series, x=symbol("x")):
    """Ends of the interval in which the ratio test gives absolute convergence."""
    a = term(series)
    quotient = combsimp(simplify(a.subs(K, K + 1) / a))
    bound = limit(quotient, K, oo)
    require(bound.has(x), "the ratio test gives no finite radius")
    low, high = sorted(solve(bound - 1, x) + solve(bound + 1, x))
    require(abs(bound.subs(x, (low + high) / 2)) < 1, "the inside of the interval diverges")
    return low, high


def end_converges(series, end, x=symbol("x")):
    """Convergence of the numerical series at an end."""
    a = simplify(powsimp(term(series).subs(x, end), force=True))
    (_, first, _), = series.limits
    return bool(Sum(a, (K, first, oo)).is_convergent())


# ------------------------------------------------------------------------------------------------------------- checks


def antiderivative(fragment):
    """The answer is an antiderivative, with its constant, of the integral in the question."""
    def check(question):
        integral = given(question, fragment)
        (x,), = integral.limits
        require(question["answer"].endswith("+C"), "the constant of integration is missing")
        answer = parse(question["answer"]).subs(C, 0)
        require(is_antiderivative(answer, integral.function, x), f"({answer})' is not {integral.function}")
    return check


def definite(fragment):
    """The answer is the value of the definite integral in the question."""
    def check(question):
        value = quadrature(given(question, fragment))
        require(near(parse(question["answer"]), value, 15), f"the integral is {mpmath.nstr(value, 15)}")
    return check


def value(compute, name=None):
    """The answer (after `name=`) is the number that `compute` derives."""
    def check(question):
        expected = compute(question)
        answer = question["answer"]
        actual = right_side(answer, name) if name else parse(answer)
        require(near(actual, expected, 15), f"computed {expected}")
    return check


def verdict(compute):
    """The answer is the word that `compute` finds, such as `converges`."""
    def check(question):
        expected = compute(question)
        require(question["answer"] == expected, f"computed {expected!r}")
    return check


def that(holds):
    """The answer is one for which `holds` is true."""
    def check(question):
        require(holds(question), "the answer does not satisfy the problem")
    return check


def initial_value_problem(equation, condition):
    """Whether a function of x solves the equation and meets the condition, near its point."""
    def solves(question, function):
        states(question, f"${equation}$", condition)
        x, y = symbol("x"), symbol("y")
        slope = parse(equation).rhs
        start, initial = map(parse, re.fullmatch(r"y\(([^)]+)\)=(.+)", condition).groups())
        near_start = [start + Rational(step, 50) for step in (-6, -3, -1, 2, 5, 7)]
        return near(function.subs(x, start), initial) and same_function(
            diff(function, x), slope.subs(y, function), x, near_start, 6
        )
    return solves


def choice(is_right):
    """`is_right(question, option)` computes of every option whether it is right."""
    def check(question):
        options = question["options"]
        require([option["letter"] for option in options] == list("ABCDE")[: len(options)], "letters out of order")
        texts = [option["text"] for option in options]
        require(len(set(texts)) == len(texts), "two options are the same")
        right = [option["letter"] for option in options if is_right(question, option)]
        marked = [option["letter"] for option in options if option["is_correct"]]
        require(marked == right, f"computed {right}, marked {marked}")
        if "select all" not in question["question_text"].lower():
            require(len(right) == 1, f"{len(right)} options are right")
        require(question["answer"] == ", ".join(right), f"the answer should be {', '.join(right)}")
    return check


def choice_of_value(compute):
    """Exactly the option with the value that `compute` derives is right."""
    def is_right(question, option):
        expression = option_value(option)
        return expression is not None and near(expression, compute(question), 15)
    return choice(is_right)


def choice_of_truth(statements):
    """Options in words: `statements` computes a dictionary of every option's text and whether it is true."""
    def is_right(question, option):
        truths = statements(question)
        require(set(truths) == {each["text"] for each in question["options"]}, "the options are others")
        return truths[option["text"]]
    return choice(is_right)


# -------------------------------------------------------------------------------------------------------------- steps

#: A name, a derivative or a value of a function before an equals sign: what follows defines it or solves for it.
NAME = re.compile(
    r"\s*([A-Za-z]|[a-z]{2}|[A-Za-z]_\{?\w+\}?|\\theta|[A-Za-z]'*\([a-z0-9]\)|\\frac\{(d|\\partial)[^{}]*\}\{(d|\\partial)[^{}]*\}"
    r"|\\frac\{d\^\{2\}y\}\{dx\^\{2\}\}|\\frac\{[a-z]_\{n\+1\}\}\{[a-z]_\{n\}\})\s*"
)
RELATION = re.compile(r"\\(le|ge|ne|to|cdots|div|sum)(?![a-z])|[<>]")


def _equations(question):
    """Neighbouring sides of the equations in the steps, with their LaTeX."""
    for step in question["solution_steps"]:
        for latex in re.findall(r"\$([^$]+)\$", step):
            if "=" in latex and not RELATION.search(latex):
                sides = latex.split("=")
                yield from ((latex, left, right) for left, right in zip(sides, sides[1:]))


def check_steps(question, conditions):
    """Checks the equations in the solution; returns how many there were.

    An equation has to hold for all values of its names, or with the values that the solution finds for them
    (`5x+1=A(x-1)+B(x+2)` with `A=3` and `B=2`), unless its LaTeX is one of `conditions`. What defines a name, or
    states a value of it, is not checked on its own.
    """
    known = {}
    for _, left, right in _equations(question):
        if NAME.fullmatch(left):
            try:
                name, found = parse(left), parse(right)
            except Failed:
                continue
            if name.is_Symbol and not found.has(Integral) and found not in known.setdefault(name, []):
                known[name].append(found)
    checked = 0
    for latex, left, right in _equations(question):
        if NAME.fullmatch(left) or latex in conditions:
            continue
        a, b = parse(left), parse(right)
        require(_holds(a, b) or any(_holds(*pair) for pair in _substituted(a, b, known)), f"unconfirmed step: {latex}")
        checked += 1
    return checked


def _substituted(a, b, known):
    """The sides with every combination of the values found for their names."""
    free = sorted((a.free_symbols | b.free_symbols) & known.keys(), key=str)
    for count in range(1, len(free) + 1):
        for chosen in combinations(free, count):
            for found in product(*(known[name] for name in chosen)):
                values = dict(zip(chosen, found))
                yield a.subs(values, simultaneous=True), b.subs(values, simultaneous=True)


def _holds(a, b):
    """Whether a = b for all values of their names; up to a constant where there are indefinite integrals."""
    indefinite = {i.limits[0][0] for i in a.atoms(Integral) | b.atoms(Integral) if len(i.limits[0]) == 1}
    if indefinite:
        if len(indefinite) > 1:
            return False
        x, = indefinite
        a, b = _differentiated(a, x), _differentiated(b, x)
    a, b = _integrated(a), _integrated(b)
    names_ = sorted(a.free_symbols | b.free_symbols, key=str)
    if not names_:
        return near(a, b, 15)
    compared = 0
    # Bounds and factors within an integral: a few small positive values will do.
    for shift in (6, 7, 8) if a.has(Integral) or b.has(Integral) else range(len(POINTS)):
        values = {name: POINTS[(shift * (2 * k + 1) + 4 * k) % len(POINTS)] for k, name in enumerate(names_)}
        if symbol("n") in values:
            values[symbol("n")] = S(shift + 2)
        left, right = (number(_integrated(side.subs(values))) for side in (a, b))
        if left is not None and right is not None:
            if not near(left, right, 15):
                return False
            compared += 1
    return compared >= 3


def _differentiated(expression, x):
    """The derivative in x; the integrand for an indefinite integral."""
    for integral in expression.atoms(Integral):
        if len(integral.limits[0]) == 1:
            mark = Function(f"antiderivative{expression.count(Integral)}")(x)
            return _differentiated(expression.subs(integral, mark), x).subs(diff(mark, x), integral.function)
    return diff(expression, x)


def _integrated(expression):
    """Definite integrals as numbers, where they are."""
    for integral in expression.atoms(Integral):
        if len(integral.limits[0]) == 3 and not integral.free_symbols:
            expression = expression.subs(integral, Float(str(quadrature(integral)), 40))
    return expression
