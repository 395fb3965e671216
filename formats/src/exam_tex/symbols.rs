//! Commands of LaTeX for text.

use super::lex::{Kind, Token};

/// The characters that a command stands for.
#[rustfmt::skip]
pub(super) fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "%" => "%", "&" => "&", "#" => "#", "_" => "_", "{" => "{", "}" => "}", "$" | "textdollar" => "\\$",
        "," | ";" | ":" | " " | "quad" | "qquad" | "enspace" | "thinspace" | "hfill" | "space" | "enskip" => " ",
        "ldots" | "dots" | "textellipsis" | "dotfill" => "…",
        "textdegree" | "degree" => "°", "LaTeX" => "LaTeX", "TeX" => "TeX", "pounds" | "textsterling" => "£", "euro" | "texteuro" => "€",
        "S" => "§", "copyright" => "©", "ss" => "ß", "ae" => "æ", "AE" => "Æ", "oe" => "œ", "OE" => "Œ", "o" => "ø", "O" => "Ø",
        "aa" => "å", "AA" => "Å", "l" => "ł", "L" => "Ł", "i" => "i", "j" => "j", "textbackslash" => "\\", "textasciitilde" => "~", "textasciigrave" => "`",
        "textasciicircum" => "^", "textless" => "<", "textgreater" => ">", "textbar" => "|", "slash" => "/", "textquotesingle" => "'",
        "og" | "guillemotleft" => "«", "fg" | "guillemotright" => "»", "textendash" => "–", "textemdash" => "—", "textbullet" => "•",
        "textmu" => "µ", "checkmark" => "✓", "textquotedblleft" => "“", "textquotedblright" => "”",
        _ => return None,
    })
}

pub(super) fn is_accent(name: &str) -> bool {
    matches!(name, "'" | "`" | "^" | "\"" | "~" | "=" | "." | "c" | "v" | "H" | "u" | "r" | "k")
}

/// Adds a letter with an accent, as one character if there is one.
pub(super) fn push_accented(out: &mut String, accent: &str, letter: char) {
    let (pairs, combining) = match accent {
        "'" => ("aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝcćnńsśzźCĆNŃSŚZŹ", '\u{301}'),
        "`" => ("aàeèiìoòuùAÀEÈIÌOÒUÙ", '\u{300}'),
        "^" => ("aâeêiîoôuûAÂEÊIÎOÔUÛcĉgĝhĥjĵsŝwŵyŷ", '\u{302}'),
        "\"" => ("aäeëiïoöuüyÿAÄEËIÏOÖUÜ", '\u{308}'),
        "~" => ("aãnñoõAÃNÑOÕiĩuũ", '\u{303}'),
        "c" => ("cçsştţCÇSŞTŢ", '\u{327}'),
        "v" => ("cčsšzžrřeěnňdďtťCČSŠZŽRŘEĚNŇ", '\u{30c}'),
        "H" => ("oőuűOŐUŰ", '\u{30b}'),
        "u" => ("aăgğAĂGĞuŭ", '\u{306}'),
        "r" => ("aåuůAÅUŮ", '\u{30a}'),
        "k" => ("aąeęAĄEĘ", '\u{328}'),
        "=" => ("aāeēiīoōuūAĀEĒIĪOŌUŪ", '\u{304}'),
        _ => ("zżeėZŻEĖIİ", '\u{307}'),
    };
    let characters: Vec<char> = pairs.chars().collect();
    match characters.chunks(2).find(|pair| pair[0] == letter) {
        Some(pair) => out.push(pair[1]),
        None => out.extend([letter, combining]),
    }
}

/// Commands of layout with two arguments.
#[rustfmt::skip]
const TWO_ARGUMENTS: &[&str] = &[
    "addtocounter", "addtolength", "fcolorbox", "fontsize", "multicolumn", "multirow", "resizebox", "rule", "setcounter",
    "setlength",
];

/// Commands of layout with one argument.
#[rustfmt::skip]
const ONE_ARGUMENT: &[&str] = &[
    "bibliographystyle", "captionsetup", "cline", "cmidrule", "color", "colorbox", "fillwithdottedlines", "fillwithgrid", "fillwithlines",
    "graphicspath", "hphantom", "href", "hskip", "hspace", "hypersetup", "index", "label", "makeemptybox",
    "pagestyle", "parbox", "phantom", "raisebox", "rotatebox", "scalebox", "stepcounter", "textcolor", "thispagestyle",
    "usetikzlibrary", "vphantom", "vskip", "vspace",
];

/// Commands of layout without arguments, and commands whose argument is text.
#[rustfmt::skip]
const NO_ARGUMENT: &[&str] = &[
    "!", ")", "-", "/", "@", "Huge", "LARGE", "Large", "[",
    "]", "addpoints", "allowbreak", "ang", "appendix", "begingroup", "bf", "bfseries", "bgroup",
    "bigskip", "bottomrule", "boxed", "boxedpoints", "bracketedpoints", "break", "caption", "centering", "cleardoublepage",
    "clearpage", "columnbreak", "displaystyle", "droppoints", "droptotalpoints", "egroup", "else", "em", "emph",
    "endgroup", "enquote", "fbox", "fi", "filbreak", "footnotesize", "framebox", "goodbreak", "hbox",
    "hline", "hrulefill", "huge", "ignorespaces", "indent", "it", "item", "itshape", "large",
    "leavevmode", "makebox", "maketitle", "mathrm", "mbox", "mdseries", "medskip", "midrule", "newpage",
    "noaddpoints", "nobracketedpoints", "nobreak", "noindent", "nopagebreak", "nopointsinmargin", "noprintanswers", "normalfont", "normalsize",
    "null", "num", "operatorname", "pagebreak", "pointsinmargin", "pointsinrightmargin", "printanswers", "protect", "raggedleft",
    "raggedright", "relax", "rm", "rmfamily", "samepage", "sc", "scriptsize", "scshape", "sf",
    "sffamily", "sl", "sloppy", "small", "smallskip", "stretch", "strut", "tableofcontents", "text",
    "textbf", "textit", "textmd", "textnormal", "textrm", "textsc", "textsf", "textsl", "texttt",
    "textup", "tiny", "toprule", "tt", "ttfamily", "uline", "underline", "unskip", "upshape",
    "url", "vfill",
];

/// The number of arguments of a command that shows neither itself nor those arguments.
pub(super) fn dropped_arguments(name: &str) -> Option<usize> {
    let counts = [NO_ARGUMENT, ONE_ARGUMENT, TWO_ARGUMENTS];
    counts.iter().position(|names| names.binary_search(&name).is_ok())
}

/// A unit of `siunitx` as text.
pub(super) fn unit(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut is_prefix = true;
    for token in tokens {
        let text = match &token.kind {
            Kind::Char('~') => "·",
            Kind::Char(c) => {
                out.push(*c);
                is_prefix = false;
                continue;
            }
            Kind::Command(name) => match &**name {
                "per" => "/",
                "squared" => "^{2}",
                "cubed" => "^{3}",
                name => {
                    let symbol = symbol(name);
                    let needs_dot = !is_prefix && !out.ends_with('/');
                    if needs_dot {
                        out.push('·');
                    }
                    out.push_str(symbol.unwrap_or(name));
                    is_prefix = matches!(
                        name,
                        "kilo" | "milli" | "micro" | "nano" | "centi" | "mega" | "giga" | "pico" | "deci"
                    );
                    continue;
                }
            },
            _ => "",
        };
        out.push_str(text);
    }
    out
}

#[rustfmt::skip]
fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        "metre" | "meter" | "m" | "milli" => "m", "second" | "s" => "s", "gram" | "g" => "g", "kilogram" | "kg" => "kg", "ampere" => "A", "kelvin" => "K",
        "mole" | "mol" => "mol", "newton" => "N", "joule" => "J", "watt" => "W", "pascal" => "Pa", "volt" => "V", "ohm" => "Ω",
        "hertz" => "Hz", "coulomb" => "C", "farad" => "F", "tesla" => "T", "henry" => "H", "litre" | "liter" => "L", "minute" => "min",
        "hour" => "h", "day" | "deci" => "d", "degree" => "°", "celsius" | "degreeCelsius" => "°C", "percent" => "%", "electronvolt" => "eV",
        "kilo" => "k", "micro" => "µ", "nano" => "n", "centi" => "c", "mega" => "M", "giga" => "G", "pico" => "p",
        "km" => "km", "cm" => "cm", "mm" => "mm", "radian" => "rad",
        _ => return None,
    })
}
