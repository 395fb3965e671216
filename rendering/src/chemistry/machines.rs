//! The state machines of mhchem's grammar. A port of the tables of mhchem 3.3.0 as `KaTeX` 0.19.1 has them; see [`super`].

/// A pattern or several, the states in which it counts (`*`: all), the actions with their options, the next state, and
/// whether the same input is read `again` and whether reading goes `on` with the next row.
pub(super) type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

/// The rows of a machine.
pub(super) fn machine(name: &str) -> &'static [Row] {
    match name {
        "a" => A,
        "o" => O,
        "text" => TEXT,
        "pq" => PQ,
        "bd" => BD,
        "oxidation" => OXIDATION,
        "tex-math" => TEX_MATH,
        "tex-math tight" => TEX_MATH_TIGHT,
        "9,9" => DECIMAL,
        "pu" => PU,
        "pu-2" => PU_UNITS,
        "pu-9,9" => PU_DECIMAL,
        _ => CE,
    }
}

/// The machine `ce`.
static CE: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("else", "0|1|2", &[("beginsWithBond=false", "")], "", "again on"),
    ("oxidation$", "0", &[("oxidation-output", "")], "", ""),
    ("CMT", "r", &[("rdt=", "")], "rt", ""),
    ("CMT", "rd", &[("rqt=", "")], "rdt", ""),
    ("arrowUpDown", "0|1|2|as", &[("sb=false", ""), ("output", ""), ("operator", "")], "1", ""),
    ("uprightEntities", "0|1|2", &[("o=", ""), ("output", "")], "1", ""),
    ("orbital", "0|1|2|3", &[("o=", "")], "o", ""),
    ("->", "0|1|2|3", &[("r=", "")], "r", ""),
    ("->", "a|as", &[("output", ""), ("r=", "")], "r", ""),
    ("->", "*", &[("output", ""), ("r=", "")], "r", ""),
    ("+", "3", &[("sb=false", ""), ("output", ""), ("operator", "")], "0", ""),
    ("+", "o", &[("d= kv", "")], "d", ""),
    ("+", "d|D", &[("d=", "")], "d", ""),
    ("+", "q", &[("d=", "")], "qd", ""),
    ("+", "qd|qD", &[("d=", "")], "qd", ""),
    ("+", "dq", &[("output", ""), ("d=", "")], "d", ""),
    ("amount", "0|2", &[("a=", "")], "a", ""),
    ("pm-operator", "0|1|2|a|as", &[("sb=false", ""), ("output", ""), ("operator", "\\pm")], "0", ""),
    ("operator", "0|1|2|a|as", &[("sb=false", ""), ("output", ""), ("operator", "")], "0", ""),
    ("-$", "o|q", &[("charge or bond", ""), ("output", "")], "qd", ""),
    ("-$", "d", &[("d=", "")], "d", ""),
    ("-$", "D", &[("output", ""), ("bond", "-")], "3", ""),
    ("-$", "q", &[("d=", "")], "qd", ""),
    ("-$", "qd", &[("d=", "")], "qd", ""),
    ("-$", "qD|dq", &[("output", ""), ("bond", "-")], "3", ""),
    ("-9", "3|o", &[("output", ""), ("insert", "hyphen")], "3", ""),
    ("- orbital overlap", "o", &[("output", ""), ("insert", "hyphen")], "2", ""),
    ("- orbital overlap", "d", &[("output", ""), ("insert", "hyphen")], "2", ""),
    ("-", "3", &[("bond", "-")], "", ""),
    ("-", "0|1|2", &[("output", "1"), ("beginsWithBond=true", ""), ("bond", "-")], "3", ""),
    ("-", "a", &[("output", ""), ("insert", "hyphen")], "2", ""),
    ("-", "as", &[("output", "2"), ("bond", "-")], "3", ""),
    ("-", "b", &[("b=", "")], "", ""),
    ("-", "o", &[("- after o/d", "false")], "2", ""),
    ("-", "q", &[("- after o/d", "false")], "2", ""),
    ("-", "d|qd|dq", &[("- after o/d", "true")], "2", ""),
    ("-", "D|qD|p", &[("output", ""), ("bond", "-")], "3", ""),
    ("amount2", "1|3", &[("a=", "")], "a", ""),
    ("letters", "0|1|2|3|a|as|b|p|bp|o", &[("o=", "")], "o", ""),
    ("letters", "q|dq", &[("output", ""), ("o=", "")], "o", ""),
    ("letters", "d|D|qd|qD", &[("o after d", "")], "o", ""),
    ("digits", "o", &[("q=", "")], "q", ""),
    ("digits", "d|D", &[("q=", "")], "dq", ""),
    ("digits", "q", &[("output", ""), ("o=", "")], "o", ""),
    ("digits", "a", &[("o=", "")], "o", ""),
    ("space A", "b|p|bp", &[], "", ""),
    ("space", "0", &[("sb=false", "")], "", ""),
    ("space", "a", &[], "as", ""),
    ("space", "1|2", &[("sb=true", "")], "", ""),
    ("space", "r|rt|rd|rdt|rdq", &[("output", "")], "0", ""),
    ("space", "*", &[("output", ""), ("sb=true", "")], "1", ""),
    ("1st-level escape", "1|2", &[("output", ""), ("insert+p1", "1st-level escape")], "", ""),
    ("1st-level escape", "*", &[("output", ""), ("insert+p1", "1st-level escape")], "0", ""),
    ("[(...)]", "r|rt", &[("rd=", "")], "rd", ""),
    ("[(...)]", "rd|rdt", &[("rq=", "")], "rdq", ""),
    ("...", "o|d|D|dq|qd|qD", &[("output", ""), ("bond", "...")], "3", ""),
    ("...", "*", &[("output", "1"), ("insert", "ellipsis")], "1", ""),
    (". |* ", "*", &[("output", ""), ("insert", "addition compound")], "1", ""),
    ("state of aggregation $", "*", &[("output", ""), ("state of aggregation", "")], "1", ""),
    ("{[(", "a|as|o", &[("o=", ""), ("output", ""), ("parenthesisLevel++", "")], "2", ""),
    ("{[(", "0|1|2|3", &[("o=", ""), ("output", ""), ("parenthesisLevel++", "")], "2", ""),
    ("{[(", "*", &[("output", ""), ("o=", ""), ("output", ""), ("parenthesisLevel++", "")], "2", ""),
    (")]}", "0|1|2|3|b|p|bp|o", &[("o=", ""), ("parenthesisLevel--", "")], "o", ""),
    (")]}", "a|as|d|D|q|qd|qD|dq", &[("output", ""), ("o=", ""), ("parenthesisLevel--", "")], "o", ""),
    (", ", "*", &[("output", ""), ("comma", "")], "0", ""),
    ("^_", "*", &[], "", ""),
    ("^{(...)}|^($...$)", "0|1|2|as", &[("b=", "")], "b", ""),
    ("^{(...)}|^($...$)", "p", &[("b=", "")], "bp", ""),
    ("^{(...)}|^($...$)", "3|o", &[("d= kv", "")], "D", ""),
    ("^{(...)}|^($...$)", "q", &[("d=", "")], "qD", ""),
    ("^{(...)}|^($...$)", "d|D|qd|qD|dq", &[("output", ""), ("d=", "")], "D", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "0|1|2|as", &[("b=", "")], "b", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "p", &[("b=", "")], "bp", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "3|o", &[("d= kv", "")], "d", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "q", &[("d=", "")], "qd", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "d|qd|D|qD", &[("d=", "")], "", ""),
    ("^a|^\\x{}{}|^\\x{}|^\\x|'", "dq", &[("output", ""), ("d=", "")], "d", ""),
    ("_{(state of aggregation)}$", "d|D|q|qd|qD|dq", &[("output", ""), ("q=", "")], "q", ""),
    ("_{(...)}|_($...$)|_9|_\\x{}{}|_\\x{}|_\\x", "0|1|2|as", &[("p=", "")], "p", ""),
    ("_{(...)}|_($...$)|_9|_\\x{}{}|_\\x{}|_\\x", "b", &[("p=", "")], "bp", ""),
    ("_{(...)}|_($...$)|_9|_\\x{}{}|_\\x{}|_\\x", "3|o", &[("q=", "")], "q", ""),
    ("_{(...)}|_($...$)|_9|_\\x{}{}|_\\x{}|_\\x", "d|D", &[("q=", "")], "dq", ""),
    ("_{(...)}|_($...$)|_9|_\\x{}{}|_\\x{}|_\\x", "q|qd|qD|dq", &[("output", ""), ("q=", "")], "q", ""),
    ("=<>", "0|1|2|3|a|as|o|q|d|D|qd|qD|dq", &[("output", "2"), ("bond", "")], "3", ""),
    ("#", "0|1|2|3|a|as|o", &[("output", "2"), ("bond", "#")], "3", ""),
    ("{}", "*", &[("output", "1")], "1", ""),
    ("{...}", "0|1|2|3|a|as|b|p|bp", &[("o=", "")], "o", ""),
    ("{...}", "o|d|D|q|qd|qD|dq", &[("output", ""), ("o=", "")], "o", ""),
    ("$...$", "a", &[("a=", "")], "", ""),
    ("$...$", "0|1|2|3|as|b|p|bp|o", &[("o=", "")], "o", ""),
    ("$...$", "as|o", &[("o=", "")], "", ""),
    ("$...$", "q|d|D|qd|qD|dq", &[("output", ""), ("o=", "")], "o", ""),
    ("\\bond{(...)}", "*", &[("output", "2"), ("bond", "")], "3", ""),
    ("\\frac{(...)}", "*", &[("output", "1"), ("frac-output", "")], "3", ""),
    ("\\overset{(...)}", "*", &[("output", "2"), ("overset-output", "")], "3", ""),
    ("\\underset{(...)}", "*", &[("output", "2"), ("underset-output", "")], "3", ""),
    ("\\underbrace{(...)}", "*", &[("output", "2"), ("underbrace-output", "")], "3", ""),
    ("\\color{(...)}{(...)}1|\\color(...){(...)}2", "*", &[("output", "2"), ("color-output", "")], "3", ""),
    ("\\color{(...)}0", "*", &[("output", "2"), ("color0-output", "")], "", ""),
    ("\\ce{(...)}", "*", &[("output", "2"), ("ce", "")], "3", ""),
    ("\\,", "*", &[("output", "1"), ("copy", "")], "1", ""),
    ("\\x{}{}|\\x{}|\\x", "0|1|2|3|a|as|b|p|bp|o|c0", &[("o=", ""), ("output", "")], "3", ""),
    ("\\x{}{}|\\x{}|\\x", "*", &[("output", ""), ("o=", ""), ("output", "")], "3", ""),
    ("others", "*", &[("output", "1"), ("copy", "")], "3", ""),
    ("else2", "a", &[("a to o", "")], "o", "again"),
    ("else2", "as", &[("output", ""), ("sb=true", "")], "1", "again"),
    ("else2", "r|rt|rd|rdt|rdq", &[("output", "")], "0", "again"),
    ("else2", "*", &[("output", ""), ("copy", "")], "3", ""),
];

/// The machine `a`.
static A: &[Row] = &[
    ("empty", "*", &[], "", ""),
    ("1/2$", "0", &[("1/2", "")], "", ""),
    ("else", "0", &[], "1", "again"),
    ("$(...)$", "*", &[("tex-math tight", "")], "1", ""),
    (",", "*", &[("insert", "commaDecimal")], "", ""),
    ("else2", "*", &[("copy", "")], "", ""),
];

/// The machine `o`.
static O: &[Row] = &[
    ("empty", "*", &[], "", ""),
    ("1/2$", "0", &[("1/2", "")], "", ""),
    ("else", "0", &[], "1", "again"),
    ("letters", "*", &[("rm", "")], "", ""),
    ("\\ca", "*", &[("insert", "circa")], "", ""),
    ("\\x{}{}|\\x{}|\\x", "*", &[("copy", "")], "", ""),
    ("${(...)}$|$(...)$", "*", &[("tex-math", "")], "", ""),
    ("{(...)}", "*", &[("{text}", "")], "", ""),
    ("else2", "*", &[("copy", "")], "", ""),
];

/// The machine `text`.
static TEXT: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("{...}", "*", &[("text=", "")], "", ""),
    ("${(...)}$|$(...)$", "*", &[("tex-math", "")], "", ""),
    ("\\greek", "*", &[("output", ""), ("rm", "")], "", ""),
    ("\\,|\\x{}{}|\\x{}|\\x", "*", &[("output", ""), ("copy", "")], "", ""),
    ("else", "*", &[("text=", "")], "", ""),
];

/// The machine `pq`.
static PQ: &[Row] = &[
    ("empty", "*", &[], "", ""),
    ("state of aggregation $", "*", &[("state of aggregation", "")], "", ""),
    ("i$", "0", &[], "!f", "again"),
    ("(KV letters),", "0", &[("rm", "")], "0", ""),
    ("formula$", "0", &[], "f", "again"),
    ("1/2$", "0", &[("1/2", "")], "", ""),
    ("else", "0", &[], "!f", "again"),
    ("${(...)}$|$(...)$", "*", &[("tex-math", "")], "", ""),
    ("{(...)}", "*", &[("text", "")], "", ""),
    ("a-z", "f", &[("tex-math", "")], "", ""),
    ("letters", "*", &[("rm", "")], "", ""),
    ("-9.,9", "*", &[("9,9", "")], "", ""),
    (",", "*", &[("insert+p1", "comma enumeration S")], "", ""),
    ("\\color{(...)}{(...)}1|\\color(...){(...)}2", "*", &[("color-output", "")], "", ""),
    ("\\color{(...)}0", "*", &[("color0-output", "")], "", ""),
    ("\\ce{(...)}", "*", &[("ce", "")], "", ""),
    ("\\,|\\x{}{}|\\x{}|\\x", "*", &[("copy", "")], "", ""),
    ("else2", "*", &[("copy", "")], "", ""),
];

/// The machine `bd`.
static BD: &[Row] = &[
    ("empty", "*", &[], "", ""),
    ("x$", "0", &[], "!f", "again"),
    ("formula$", "0", &[], "f", "again"),
    ("else", "0", &[], "!f", "again"),
    ("-9.,9 no missing 0", "*", &[("9,9", "")], "", ""),
    (".", "*", &[("insert", "electron dot")], "", ""),
    ("a-z", "f", &[("tex-math", "")], "", ""),
    ("x", "*", &[("insert", "KV x")], "", ""),
    ("letters", "*", &[("rm", "")], "", ""),
    ("'", "*", &[("insert", "prime")], "", ""),
    ("${(...)}$|$(...)$", "*", &[("tex-math", "")], "", ""),
    ("{(...)}", "*", &[("text", "")], "", ""),
    ("\\color{(...)}{(...)}1|\\color(...){(...)}2", "*", &[("color-output", "")], "", ""),
    ("\\color{(...)}0", "*", &[("color0-output", "")], "", ""),
    ("\\ce{(...)}", "*", &[("ce", "")], "", ""),
    ("\\,|\\x{}{}|\\x{}|\\x", "*", &[("copy", "")], "", ""),
    ("else2", "*", &[("copy", "")], "", ""),
];

/// The machine `oxidation`.
static OXIDATION: &[Row] = &[
    ("empty", "*", &[], "", ""),
    ("roman numeral", "*", &[("roman-numeral", "")], "", ""),
    ("${(...)}$|$(...)$", "*", &[("tex-math", "")], "", ""),
    ("else", "*", &[("copy", "")], "", ""),
];

/// The machine `tex-math`.
static TEX_MATH: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("\\ce{(...)}", "*", &[("output", ""), ("ce", "")], "", ""),
    ("{...}|\\,|\\x{}{}|\\x{}|\\x", "*", &[("o=", "")], "", ""),
    ("else", "*", &[("o=", "")], "", ""),
];

/// The machine `tex-math tight`.
static TEX_MATH_TIGHT: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("\\ce{(...)}", "*", &[("output", ""), ("ce", "")], "", ""),
    ("{...}|\\,|\\x{}{}|\\x{}|\\x", "*", &[("o=", "")], "", ""),
    ("-|+", "*", &[("tight operator", "")], "", ""),
    ("else", "*", &[("o=", "")], "", ""),
];

/// The machine `9,9`.
static DECIMAL: &[Row] =
    &[("empty", "*", &[], "", ""), (",", "*", &[("comma", "")], "", ""), ("else", "*", &[("copy", "")], "", "")];

/// The machine `pu`.
static PU: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("space$", "*", &[("output", ""), ("space", "")], "", ""),
    ("{[(|)]}", "0|a", &[("copy", "")], "", ""),
    ("(-)(9)^(-9)", "0", &[("number^", "")], "a", ""),
    ("(-)(9.,9)(e)(99)", "0", &[("enumber", "")], "a", ""),
    ("space", "0|a", &[], "", ""),
    ("pm-operator", "0|a", &[("operator", "\\pm")], "0", ""),
    ("operator", "0|a", &[("copy", "")], "0", ""),
    ("//", "d", &[("o=", "")], "/", ""),
    ("/", "d", &[("o=", "")], "/", ""),
    ("{...}|else", "0|d", &[("d=", "")], "d", ""),
    ("{...}|else", "a", &[("space", ""), ("d=", "")], "d", ""),
    ("{...}|else", "/|q", &[("q=", "")], "q", ""),
];

/// The machine `pu-2`.
static PU_UNITS: &[Row] = &[
    ("empty", "*", &[("output", "")], "", ""),
    ("*", "*", &[("output", ""), ("cdot", "")], "0", ""),
    ("\\x", "*", &[("rm=", "")], "", ""),
    ("space", "*", &[("output", ""), ("space", "")], "0", ""),
    ("^{(...)}|^(-1)", "1", &[("^(-1)", "")], "", ""),
    ("-9.,9", "0", &[("rm=", "")], "0", ""),
    ("-9.,9", "1", &[("^(-1)", "")], "0", ""),
    ("{...}|else", "*", &[("rm=", "")], "1", ""),
];

/// The machine `pu-9,9`.
static PU_DECIMAL: &[Row] = &[
    ("empty", "0", &[("output-0", "")], "", ""),
    ("empty", "o", &[("output-o", "")], "", ""),
    (",", "0", &[("output-0", ""), ("comma", "")], "o", ""),
    (".", "0", &[("output-0", ""), ("copy", "")], "o", ""),
    ("else", "*", &[("text=", "")], "", ""),
];
