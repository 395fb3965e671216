"""Searches generated code for members that one type declares twice: `twins.py LANGUAGE FOLDER`."""

import collections
import pathlib
import re
import sys

# How a type declares a member, and the files.
LANGUAGES = {
    "java": (r"^  private [^=;]* (\w+)(?: = .*)?;$", "src/main/**/*.java"),
    "kotlin": (r"^    va[lr] (\w+):", "src/main/**/*.kt"),
    "swift6": (r"^    public var (\w+):", "**/*.swift"),
    "go": (r"^\t(\w+) [^(]*`json:", "*.go"),
    "dart": (r"^  (?! |return)(?:final |late )?[\w<>?, ]+ (\w+);$", "lib/model/*.dart"),
}
# Where the next type begins.
TYPE = re.compile(r"^\s*(public |final |abstract |static |internal |open |data )*(class|struct|enum|interface|type|extension) \w+")

language, folder = sys.argv[1:]
pattern, files = LANGUAGES[language]
pattern = re.compile(pattern)
twins, types, members = [], 0, 0
for file in sorted(pathlib.Path(folder).glob(files)):
    seen = collections.Counter()
    for line in file.read_text(encoding="utf-8").splitlines():
        if TYPE.match(line):
            types += 1
            seen.clear()
        if match := pattern.match(line):
            members += 1
            name = match[1]
            seen[name] += 1
            if seen[name] == 2:
                twins.append(f"{file.name}: {name}")
if not members:
    print("no member was found: correct the pattern")
    sys.exit(1)
if twins:
    print(f"{len(twins)} declared twice: " + ", ".join(twins[:3]))
    sys.exit(1)
print(f"{members} members, none twice")
