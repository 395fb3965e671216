//! Commands of LaTeX's text mode that stand for characters, and those that print nothing.

/// The characters of a command without arguments.
pub(super) fn character(name: &str) -> Option<&'static str> {
    Some(match name {
        "ldots" | "dots" | "textellipsis" => "…",
        "textdegree" | "degree" => "°",
        "textbackslash" => "\\",
        "textasciitilde" => "~",
        "textasciicircum" => "^",
        "textunderscore" => "_",
        "textbar" => "|",
        "textless" => "<",
        "textgreater" => ">",
        "textdollar" => "$",
        "textpercent" => "%",
        "textbraceleft" => "{",
        "textbraceright" => "}",
        "textquotesingle" => "'",
        "textquotedbl" => "\"",
        "textquotedblleft" => "“",
        "textquotedblright" => "”",
        "textquoteleft" | "lq" => "‘",
        "textquoteright" | "rq" => "’",
        "textendash" => "–",
        "textemdash" => "—",
        "textbullet" => "•",
        "textmu" | "textmugreek" => "µ",
        "texttimes" => "×",
        "textdiv" => "÷",
        "textpm" => "±",
        "textohm" => "Ω",
        "textonehalf" => "½",
        "textonequarter" => "¼",
        "textthreequarters" => "¾",
        "textperthousand" => "‰",
        "texttrademark" => "™",
        "textregistered" => "®",
        "textcopyright" | "copyright" => "©",
        "textsection" | "S" => "§",
        "textparagraph" | "P" => "¶",
        "textsterling" | "pounds" => "£",
        "texteuro" | "euro" | "EUR" => "€",
        "textcent" => "¢",
        "textyen" => "¥",
        "LaTeX" => "LaTeX",
        "TeX" => "TeX",
        "ss" => "ß",
        "ae" => "æ",
        "AE" => "Æ",
        "oe" => "œ",
        "OE" => "Œ",
        "o" => "ø",
        "O" => "Ø",
        "aa" => "å",
        "AA" => "Å",
        "l" => "ł",
        "L" => "Ł",
        "i" => "ı",
        "j" => "ȷ",
        "quad" => "\u{2003}",
        "qquad" => "\u{2003}\u{2003}",
        "enspace" | "enskip" => "\u{2002}",
        "thinspace" => "\u{2009}",
        "space" | "nobreakspace" => "\u{a0}",
        "slash" => "/",
        "textcelsius" => "°C",
        "hrulefill" | "dotfill" => "________",
        _ => return None,
    })
}

/// A letter with the accent of a command such as `\'`, `\c` or `\v`.
pub(super) fn accented(accent: &str, letter: &str) -> Option<String> {
    let mark = match accent {
        "'" => '\u{301}',
        "`" => '\u{300}',
        "^" => '\u{302}',
        "\"" => '\u{308}',
        "~" => '\u{303}',
        "=" => '\u{304}',
        "." => '\u{307}',
        "c" => '\u{327}',
        "v" => '\u{30c}',
        "u" => '\u{306}',
        "H" => '\u{30b}',
        "r" => '\u{30a}',
        "k" => '\u{328}',
        "d" => '\u{323}',
        "b" => '\u{331}',
        _ => return None,
    };
    let base = match letter.trim() {
        "\\i" => "i",
        "\\j" => "j",
        letter => letter,
    };
    let mut characters = base.chars();
    let letter = characters.next().filter(|letter| letter.is_alphabetic())?;
    if characters.next().is_some() {
        return None;
    }
    let composer = icu_normalizer::ComposingNormalizerBorrowed::new_nfc();
    Some(composer.normalize(&format!("{letter}{mark}")).into_owned())
}

/// Whether a command prints nothing and has no argument.
pub(super) fn is_silent(name: &str) -> bool {
    matches!(
        name,
        "noindent"
            | "indent"
            | "centering"
            | "raggedright"
            | "raggedleft"
            | "hfill"
            | "hfil"
            | "vfill"
            | "hline"
            | "toprule"
            | "midrule"
            | "bottomrule"
            | "tiny"
            | "scriptsize"
            | "footnotesize"
            | "small"
            | "normalsize"
            | "large"
            | "Large"
            | "LARGE"
            | "huge"
            | "Huge"
            | "rm"
            | "rmfamily"
            | "sf"
            | "sffamily"
            | "normalfont"
            | "mdseries"
            | "upshape"
            | "displaystyle"
            | "textstyle"
            | "limits"
            | "nolimits"
            | "relax"
            | "protect"
            | "nonumber"
            | "notag"
            | "nobreak"
            | "allowbreak"
            | "null"
            | "leavevmode"
            | "addpoints"
            | "noaddpoints"
            | "selectfont"
            | "sloppy"
            | "fussy"
            | "maketitle"
            | "appendix"
            | "doublespacing"
            | "singlespacing"
            | "onehalfspacing"
            | "unskip"
            | "ignorespaces"
            | "par*"
    )
}

/// Whether a command prints nothing and takes one argument in braces.
pub(super) fn is_silent_with_argument(name: &str) -> bool {
    matches!(
        name,
        "label"
            | "vspace"
            | "hspace"
            | "vskip"
            | "hskip"
            | "color"
            | "pagestyle"
            | "thispagestyle"
            | "index"
            | "phantom"
            | "vphantom"
            | "hphantom"
            | "cline"
            | "cmidrule"
            | "input"
            | "usepackage"
            | "bibliographystyle"
            | "fillwithlines"
            | "fillwithdottedlines"
            | "makeemptybox"
            | "fontfamily"
            | "linespread"
            | "columnbreak"
            | "stretch"
    )
}

/// Whether a command ends the line.
pub(super) fn ends_line(name: &str) -> bool {
    matches!(
        name,
        "par"
            | "newline"
            | "linebreak"
            | "newpage"
            | "pagebreak"
            | "clearpage"
            | "smallskip"
            | "medskip"
            | "bigskip"
            | "break"
            | "cr"
            | "tabularnewline"
            | "question"
            | "bonusquestion"
            | "part"
            | "subpart"
            | "subsubpart"
            | "bonuspart"
    )
}
