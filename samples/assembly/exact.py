#!/usr/bin/env python3
"""Measures how far exams put together by the search are from the optimum, which HiGHS proves.

    pip install -r requirements.txt
    python exact.py generate FOLDER     random banks of 200, 2,000 and 20,000 questions, the same every time
    python exact.py solve FOLDER        their optima, to FOLDER/optima.json; about a minute for each of 20,000
    python exact.py compare FOLDER      the search on each, as a table; run it in the repository

docs/assembly.md has the format of a bank and the objective.
"""

import argparse
import json
import math
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

import highspy
import numpy as np

COMMAND = "cargo run --quiet --release -p assembly --example assemble --"
BANKS = [(200, 3), (2_000, 3), (20_000, 2)]  # questions, how many
TOPICS, LEVELS, PATTERNS, TECHNIQUES = 12, 5, 24, 30
QUESTIONS, POINTS, MINUTES, PATTERN_MAX, TECHNIQUES_MIN = 10, 100, 90, 2, 12
DIFFICULTY = [1.0, 2.5, 3.5, 2.0, 1.0]
WEIGHTS = [4.0, 2.0, 3.0, 2.0, 1.0, 2.0, 1.0]


# --- random banks

def random_bank(size, rng):
    """The text of a bank of `size` questions: each topic has two patterns and some techniques of its own."""
    shares = [rng.expovariate(1) for _ in range(TOPICS)]
    wishes = [QUESTIONS * share / sum(shares) for share in shares]
    head = [size, TOPICS, PATTERNS, QUESTIONS, POINTS, MINUTES, PATTERN_MAX, TECHNIQUES_MIN]
    lines = [head, [f"{wish:.3f}" for wish in wishes], DIFFICULTY, WEIGHTS]
    lines += [random_question(size, shares, rng) for _ in range(size)]
    return "".join(" ".join(map(str, line)) + "\n" for line in lines)


def random_question(size, shares, rng):
    topic = rng.choices(range(TOPICS), shares)[0]
    level = rng.choices(range(LEVELS), [1, 3, 4, 3, 1])[0]
    points = max(1, round(rng.gauss(4 + 3 * level, 2)))
    minutes = max(1, round(rng.gauss(3 + 3 * level, 2)))
    pattern = (2 * topic + rng.randrange(2) + (rng.random() < 0.1) * rng.randrange(PATTERNS)) % PATTERNS
    techniques = 0
    for _ in range(rng.randint(1, 3)):
        techniques |= 1 << ((2 * topic + rng.randrange(6)) % TECHNIQUES)
    family, usefulness = rng.randrange(size // 6), f"{rng.betavariate(4, 4):.4f}"
    return [topic, level, points, minutes, pattern, techniques, family, usefulness]


def generate(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for size, count in BANKS:
        for number in range(count):
            text = random_bank(size, random.Random(f"{size}/{number}"))
            (folder / f"bank-{size}-{number}.txt").write_text(text)


# --- the optimum

class Program:
    """A mixed-integer linear program, column by column and row by row."""

    def __init__(self):
        self.costs, self.lower, self.upper, self.integer = [], [], [], []
        self.row_lower, self.row_upper, self.starts, self.indices, self.values = [], [], [0], [], []

    def column(self, cost=0.0, upper=math.inf, integer=False):
        self.costs.append(cost)
        self.lower.append(0.0)
        self.upper.append(upper)
        self.integer.append(highspy.HighsVarType.kInteger if integer else highspy.HighsVarType.kContinuous)
        return len(self.costs) - 1

    def row(self, terms, lower=-math.inf, upper=math.inf):
        """lower <= sum of coefficient · column <= upper"""
        self.row_lower.append(lower)
        self.row_upper.append(upper)
        self.indices.extend(column for column, _ in terms)
        self.values.extend(value for _, value in terms)
        self.starts.append(len(self.indices))

    def distance(self, terms, target, whole):
        """A column that is at least |sum of terms − target|. With `whole` the sum is a whole number: then the line
        through the distances at the two numbers around the target holds as well, without which a fractional sum
        could be right on a fractional target."""
        column = self.column()
        self.row([(column, 1.0)] + [(one, -value) for one, value in terms], lower=-target)
        self.row([(column, 1.0)] + [(one, value) for one, value in terms], lower=target)
        if whole and target > math.floor(target):
            floor, part = math.floor(target), target - math.floor(target)
            slope = 1.0 - 2.0 * part
            self.row([(column, 1.0)] + [(one, -value * slope) for one, value in terms], lower=part - floor * slope)
        return column

    def solve(self, seconds):
        """The lowest value, the columns, whether it is proven."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.array, (self.costs, self.lower, self.upper))
        lp.row_lower_, lp.row_upper_ = np.array(self.row_lower), np.array(self.row_upper)
        lp.integrality_ = self.integer
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(self.indices, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(self.values)
        highs = highspy.Highs()
        options = {"output_flag": False, "threads": 1, "time_limit": seconds, "mip_rel_gap": 0.0, "mip_abs_gap": 1e-9}
        for option, value in options.items():
            highs.setOptionValue(option, value)
        highs.passModel(lp)
        highs.run()
        proven = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return highs.getInfo().objective_function_value, highs.getSolution().col_value, proven


def read_bank(path):
    lines = [[float(word) for word in line.split()] for line in path.read_text().splitlines() if line.strip()]
    return lines[0], lines[1], lines[2], lines[3], lines[4:]


def exact(path, seconds):
    (_, topics, _, count, points, minutes, pattern_max, techniques_min), wishes, levels, weights, bank = read_bank(path)
    program = Program()
    chosen = [program.column(-weights[6] * question[7] / count, 1.0, integer=True) for question in bank]
    program.row([(one, 1.0) for one in chosen], count, count)
    for field, most in ((4, pattern_max), (6, 1)):
        groups = {}
        for one, question in zip(chosen, bank):
            groups.setdefault(question[field], []).append((one, 1.0))
        for group in groups.values():
            program.row(group, upper=most)

    worst = program.column(weights[5])

    def deviation(terms, target, unit, weight, worst_unit, whole):
        column = program.distance(terms, target, whole)
        program.costs[column] = weight / unit
        program.row([(worst, 1.0), (column, -1.0 / worst_unit)], lower=0.0)

    def where(condition):
        return [(one, 1.0) for one, question in zip(chosen, bank) if condition(question)]

    for topic in range(int(topics)):
        deviation(where(lambda question: question[0] == topic), wishes[topic], 2 * count, weights[0], count, True)
    for level in range(LEVELS):
        up_to = where(lambda question: question[1] <= level)
        deviation(up_to, sum(levels[: level + 1]), 4 * count, weights[1], count, True)
    for field, target, weight in ((2, points, weights[2]), (3, minutes, weights[3])):
        if target > 0:
            sums = [(one, question[field]) for one, question in zip(chosen, bank)]
            deviation(sums, target, target, weight, target, False)
    if techniques_min > 0:
        present = []
        for bit in range(64):
            having = where(lambda question: int(question[5]) >> bit & 1)
            if having:
                present.append(program.column(upper=1.0))
                program.row([(present[-1], -1.0)] + having, lower=0.0)
        missing = program.column(weights[4] / techniques_min)
        program.row([(missing, 1.0)] + [(one, 1.0) for one in present], lower=techniques_min)
        program.row([(worst, 1.0), (missing, -1.0 / techniques_min)], lower=0.0)

    started = time.process_time()
    value, columns, proven = program.solve(seconds)
    return {
        "loss": value + weights[6],
        "selection": [one for one in chosen if columns[one] > 0.5],
        "cpu_ms": 1e3 * (time.process_time() - started),
        "proven": proven,
    }


def solve(folder, seconds):
    optima = {}
    for path in sorted(folder.glob("*.txt")):
        optima[path.name] = exact(path, seconds)
        print(path.name, json.dumps(optima[path.name]), flush=True)
    (folder / "optima.json").write_text(json.dumps(optima, indent=1))


# --- the comparison

def compare(folder, command, seeds):
    optima = json.loads((folder / "optima.json").read_text())
    paths = [str(folder / name) for name in optima]
    found = {name: [] for name in optima}
    for seed in range(1, seeds + 1):
        call = [*shlex.split(command), *paths, "--seed", str(seed), "--json"]
        lines = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        for name, line in zip(optima, lines, strict=True):
            found[name].append(json.loads(line))
    sizes = {}
    for name in optima:
        sizes.setdefault(int(name.split("-")[1]), []).append(name)
    print("| questions | mean gap | worst gap | optimum found | CPU, mean | CPU, worst | HiGHS CPU, mean | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for size, names in sorted(sizes.items()):
        gaps = [form["loss"] / optima[name]["loss"] - 1.0 for name in names for form in found[name]]
        cpu = [form["cpu_ms"] for name in names for form in found[name]]
        highs = mean(optima[name]["cpu_ms"] for name in names)
        ratio = f"{highs / mean(cpu):,.0f}" if mean(cpu) >= 1 else "–"
        hits = sum(gap < 1e-6 for gap in gaps)
        print(
            f"| {size:,} | {mean(gaps):.2%} | {max(gaps):.2%} | {hits} of {len(gaps)} "
            f"| {mean(cpu):.0f} ms | {max(cpu):.0f} ms | {highs:,.0f} ms | {ratio} |"
        )
    unproven = [name for name in optima if not optima[name]["proven"]]
    if unproven:
        print(f"Not proven within the time limit, so only the best known: {', '.join(unproven)}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="task", required=True)
    for task in ("generate", "solve", "compare"):
        commands.add_parser(task).add_argument("folder", type=Path)
    commands.choices["solve"].add_argument("--seconds", type=float, default=600.0, help="time limit for each bank")
    commands.choices["compare"].add_argument("--command", default=COMMAND, help="what runs the search")
    commands.choices["compare"].add_argument("--seeds", type=int, default=10, help="seeds 1 to this")
    arguments = parser.parse_args()
    if arguments.task == "generate":
        generate(arguments.folder)
    elif arguments.task == "solve":
        solve(arguments.folder, arguments.seconds)
    else:
        compare(arguments.folder, arguments.command, arguments.seeds)


if __name__ == "__main__":
    main()
