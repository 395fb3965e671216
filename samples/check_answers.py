#!/usr/bin/env python3
"""Checks the sample courses: their format, and every answer against one computed from the problem.

    pip install -r requirements.txt
    python check_answers.py [FOLDER]

FOLDER holds the course files and the schema; without it, this script's folder. Prints every failure with the
question's id and exits with 1 if there is any. The checks are in `checks/`, one module a course.
"""

import importlib
import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import jsonschema

from checks.tools import Failed, check_steps

COURSES = ["calc2", "micro1"]


def format_failures(catalogue, schema):
    """What the format forbids, as pairs of an id and a reason."""
    validator = jsonschema.Draft202012Validator(schema)
    for error in validator.iter_errors(catalogue):
        path = list(error.absolute_path)
        if len(path) > 1 and isinstance(catalogue[path[0]], list) and isinstance(record := catalogue[path[0]][path[1]], dict):
            path[:2] = [record.get("id", f"{path[0]} {path[1]}")]
        yield " ".join(map(str, path)) or "file", error.message[:200]
        return  # what follows relies on the shape
    known = {}
    for kind in ("exams", "topics", "patterns", "questions"):
        ids = Counter(record["id"] for record in catalogue[kind])
        yield from ((id, f"occurs {count} times among the {kind}") for id, count in ids.items() if count > 1)
        known[kind] = {record["id"]: record for record in catalogue[kind]}
    for slug, count in Counter(topic["slug"] for topic in catalogue["topics"]).items():
        if count > 1:
            yield slug, "is the slug of several topics"
    for pattern in catalogue["patterns"]:
        if pattern["topic_id"] not in known["topics"]:
            yield pattern["id"], f"no topic {pattern['topic_id']}"
    for exam in catalogue["exams"]:
        questions = [question for question in catalogue["questions"] if question["exam_id"] == exam["id"]]
        numbers = sorted(question["source_question_number"] for question in questions)
        if numbers != list(range(1, len(questions) + 1)):
            yield exam["id"], f"questions are numbered {numbers}"
        points = sum(question["source_points"] for question in questions)
        if points != exam["total_points"]:
            yield exam["id"], f"points add up to {points}, not {exam['total_points']}"
        if date.fromisoformat(exam["exam_date"]).year != exam["year"]:
            yield exam["id"], "exam_date is in another year"
    for question in catalogue["questions"]:
        if question["exam_id"] is not None and question["exam_id"] not in known["exams"]:
            yield question["id"], f"no exam {question['exam_id']}"
        if question["topic_id"] not in known["topics"]:
            yield question["id"], f"no topic {question['topic_id']}"
        pattern = question.get("pattern_id")
        if pattern is not None:
            if pattern not in known["patterns"]:
                yield question["id"], f"no pattern {pattern}"
            elif known["patterns"][pattern]["topic_id"] != question["topic_id"]:
                yield question["id"], f"pattern {pattern} is of another topic"


def run(check, question, conditions=frozenset()):
    """Why an answer or a step is wrong, or none; and how many equations of the steps were checked."""
    try:
        if "options" not in question and question["answer"] in "ABCDE":
            raise Failed("a letter without options")
        check(question)
        return None, check_steps(question, conditions)
    except Failed as failure:
        return str(failure), 0
    except Exception as error:  # a check that cannot cope with an answer has not confirmed it
        return f"{type(error).__name__}: {error}"[:200], 0


def main(folder):
    schema = json.loads((folder / "catalog.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    passed, failed, equations = 0, 0, 0
    for course in COURSES:
        catalogue = json.loads((folder / f"{course}.json").read_text(encoding="utf-8"))
        problems = list(format_failures(catalogue, schema))
        for where, reason in problems:
            print(f"FAILED {course}.json {where}: {reason}")
        failed += len(problems)
        module = importlib.import_module(f"checks.{course}")
        checks, conditions = module.CHECKS, module.CONDITIONS
        questions = {question["id"]: question for question in catalogue["questions"]}
        for id in sorted(checks.keys() - questions.keys()):
            print(f"FAILED {id}: a check without a question")
            failed += 1
        confirmed = 0
        for id, question in questions.items():
            if id not in checks:
                reason, count = "a question without a check", 0
            else:
                reason, count = run(checks[id], question, conditions)
            if reason is None:
                confirmed += 1
                equations += count
            else:
                print(f"FAILED {id}: {reason}")
                failed += 1
        passed += confirmed
        print(f"{course}: {confirmed} of {len(questions)} answers confirmed")
    print(f"{equations} equations in solution steps confirmed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else here))
