#!/usr/bin/env bash
# Temml 0.13.5 sets the mass number of \prescript below and the atomic number above.
#
# Input:    \prescript{14}{6}{C}, the notation of LaTeX's mathtools: \prescript{superscript}{subscript}{base}.
# Guessed:  <mprescripts/> is followed by 6 and then 14, since MathML has the subscript first.
# Seen:     it is followed by 14 and then 6: carbon-14 is shown as an element with the mass 6.
#
# Needs Node with npm and a package registry. Exits with 1 if the behaviour changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund temml@0.13.5

seen=$(node --input-type=module --eval '
import temml from "temml";
console.log(temml.renderToString("\\prescript{14}{6}{C}"));
')
echo "$seen"
wanted="<mprescripts></mprescripts><mn>14</mn><mn>6</mn>"
[[ $seen == *"$wanted"* ]] || { echo "the behaviour changed" >&2; exit 1; }
