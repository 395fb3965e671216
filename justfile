# The commands of this repository; `just` lists them. Each is one line that also works without just.

[private]
default:
    @just --list --unsorted

# Serve the whole API on http://127.0.0.1:8787 with the embedded database and the sample courses
serve *options:
    cargo run -p pastpaper -- serve {{ options }}

# Build target/pgo/pastpaper for one machine, by profile-guided optimization (needs rustup's llvm-tools)
pgo:
    cli/pgo/run

# Run all tests, or those whose name has a word
test *words:
    cargo test --workspace {{ words }}

# Run the tests of money and storage on a second DynamoDB engine (needs what .ci/run installs)
engine *words:
    tests/engine/run {{ words }}

# Compare the ledger with its model for this many steps
model steps="1000000":
    MODEL_STEPS={{ steps }} cargo test -p tests --test it -- --nocapture ledger_model::as_many_steps_as_asked_for

# Everything that must pass before a change lands
ci:
    .ci/run

# Format the code
fmt:
    cargo fmt --all

# Lint the code
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Build the documentation of our own crates
doc:
    cargo doc --workspace --no-deps --open

# Import courses from JSON
import +files:
    cargo run -p pastpaper -- import catalog {{ files }}

# Check that every ledger adds up to its balance
verify *options:
    cargo run -p pastpaper -- verify {{ options }}

# Show the analysis of a course's past exams (--html FILE for a page with charts)
analyze course *options:
    cargo run -p pastpaper -- analyze {{ course }} {{ options }}

# Score the forecast on an archive of past questions
backtest file *options:
    cargo run -p pastpaper -- backtest {{ file }} {{ options }}

# Estimate the difficulty of a course's topics and questions from all attempts
calibrate course *options:
    cargo run -p pastpaper -- calibrate {{ course }} {{ options }}

# Score the mastery model on logs of answers
evaluate train test:
    cargo run -p pastpaper -- evaluate {{ train }} {{ test }}

# Compare the formulas of a JSON array with KaTeX's and Temml's (needs Node)
formulas file="rendering/tests/fixtures/constructs.json":
    rendering/compare/run {{ file }}

# Read random texts and answers and draw random formulas, each for this many seconds
fuzz seconds="60":
    cargo run --release -p shared --example fuzz -- texts {{ seconds }}
    cargo run --release -p shared --example fuzz -- answers {{ seconds }}
    cargo run --release -p rendering --example fuzz_formulas -- {{ seconds }}

# Record the examples of the contract, for `just openapi` (after a change of the API or of events/)
examples:
    cargo run -q -p tests --example record_examples

# Print the contract (`just openapi > openapi.json` after a change of the API)
openapi:
    @cargo run -q -p pastpaper -- openapi

# Test the contract from outside: schemathesis, Redocly, a TypeScript client (needs what .ci/run installs)
contract:
    cargo build --workspace --bins --tests
    tests/contract/run

# Register, verify and reset by mail through a real SMTP server (needs aiosmtpd, which .ci/run installs)
mail:
    cargo build -p pastpaper
    tests/mail/run

# Check the web client and walk through it in Chromium (needs a debug build)
web:
    cargo build -p pastpaper
    tests/web/run

# Make clients of the contract with nine more generators (needs node, python3 and the registries)
generators:
    tests/generators/run

# Let other programs read what we export: readers of GIFT and Moodle XML, a player of QTI, pdflatex (needs node, python3 and texlive-latex-extra)
interop:
    tests/interop/run

# Serve the embedded database alone on 127.0.0.1:8000, for `just watch`
db *options:
    cargo run -p pastpaper -- db {{ options }}

# Read mutated files in each format for this many seconds, and report panics and slow inputs
fuzz-formats seconds="60":
    CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true CARGO_PROFILE_RELEASE_LTO=off \
        nice cargo run --release --target-dir target/fuzz -p formats --example fuzz_files -- {{ seconds }}

# Show an account, grant credits, set a plan: `just user show ada@example.org`
user *words:
    cargo run -q -p pastpaper -- user {{ words }}

# The queue of reported questions: `just report list`
report *words:
    cargo run -q -p pastpaper -- report {{ words }}

# Run the functions as Lambda does and route to them as API Gateway does, in a shell with the variables that `just db` prints (needs cargo-lambda)
watch:
    cargo lambda watch

# Send a payload of events/ to its function under `just watch`, such as courses.show_status
invoke event:
    cargo lambda invoke {{ replace_regex(event, '\..*', '') }} --data-file events/{{ event }}.json

# Check template.yaml (needs sam)
validate:
    sam validate --lint --region us-east-1

# Check dependencies against published advisories (needs cargo-deny and the network)
audit:
    cargo deny check
