"""Reads our GIFT with pygiftparser and our Moodle XML with moodle-xml-parser, and compares the number of questions."""

import collections
import logging
import pathlib
import sys
import xml.etree.ElementTree

from moodle_xml_parser import parser as moodle
from pygiftparser import parser

logging.disable()
path = pathlib.Path(sys.argv[1])
expected = int(path.with_suffix(".count").read_text().split()[0])
failed = False

with path.with_suffix(".gift").open(encoding="utf-8") as file:
    found = parser.parseFile(file)
valid = [question for question in found if question.valid]
print(f"pygiftparser: {len(valid)} of {expected} questions")
failed |= len(found) != expected
for question in found:
    if question.valid:
        continue
    # Its expressions know no negative numbers, and end an answer block at an escaped brace.
    block = question.full.split("{", 1)[1] if "{#" in question.full else question.full.split(" {\n", 1)[-1]
    limit = "a negative number" if block.startswith("#-") else "an escaped brace" if "\\}" in block else None
    print(f"    not read, for {limit or 'an unknown reason'}: {question.full.splitlines()[0][:60]}")
    failed |= limit is None

root = xml.etree.ElementTree.parse(path.with_suffix(".xml")).getroot()
kinds = collections.Counter(question.get("type") for question in root.findall("question"))
count = sum(kinds.values()) - kinds["category"]
print(f"Moodle XML: {count} of {expected} questions {dict(kinds)}")
failed |= count != expected

read = {kind: len(list(questions)) for kind, questions in moodle.parse_file(str(path.with_suffix(".xml"))).items()}
print(f"moodle-xml-parser: {sum(read.values())} questions {read}")

sys.exit(failed)
