#!/usr/bin/env bash
# pygiftparser 1.1 calls a GIFT question invalid if its numerical answer is negative.
#
# Input:    the numerical answers {#-4}, {#-4:0.5} and {#4} in GIFT.
# Guessed:  all three are valid numerical questions.
# Seen:     the two negative ones are recognised as numerical and are not valid; {#4} is.
# Cause:    the expression for a number has no sign.
#
# Needs Python 3 with venv and a package registry. Exits with 1 if the behaviour changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pygiftparser==1.1"

seen=$("$folder/venv/bin/python" - << 'PYTHON'
from io import StringIO

from pygiftparser.parser import parseFile

for answer in ["{#-4}", "{#-4:0.5}", "{#4}"]:
    [question] = parseFile(StringIO(f"::a::How much? {answer}\n\n"))
    print(answer, "numerical" if question.numeric else "other", "valid" if question.valid else "invalid")
PYTHON
)
echo "$seen"
wanted="{#-4} numerical invalid
{#-4:0.5} numerical invalid
{#4} numerical valid"
[[ $seen == "$wanted" ]] || { echo "the behaviour changed" >&2; exit 1; }
