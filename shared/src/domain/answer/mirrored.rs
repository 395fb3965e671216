//! Texts that say the same read from the other end: the angle ABC and CBA, the segment AB and BA, A ⊂ B and B ⊃ A.

/// Whether two texts are the same figure of geometry or the same relation of sets, perhaps the other way round.
pub(super) fn is_same(expected: &str, given: &str) -> bool {
    let figures = match (figure(expected), figure(given)) {
        (Some((kind, points)), Some((other, others))) => {
            kind == other && (points == others || points.iter().rev().eq(others.iter()))
        }
        _ => false,
    };
    figures || matches!((sets(expected), sets(given)), (Some(one), Some(other)) if one == other)
}

/// A figure with two ends.
#[derive(Debug, PartialEq, Eq)]
enum Figure {
    Angle,
    Segment,
}

/// An angle of three points or a segment of two, with their names: capital letters, perhaps with primes or an index.
fn figure(text: &str) -> Option<(Figure, Vec<String>)> {
    const NAMES: [(&str, Figure, usize); 7] = [
        ("\\angle", Figure::Angle, 3),
        ("∠", Figure::Angle, 3),
        ("angle", Figure::Angle, 3),
        ("line segment", Figure::Segment, 2),
        ("linesegment", Figure::Segment, 2),
        ("segment", Figure::Segment, 2),
        ("\\overline", Figure::Segment, 2),
    ];
    let text = text.trim_matches(['$', ' ', '.']);
    NAMES.into_iter().find_map(|(name, figure, count)| {
        let names = text.strip_prefix(name)?;
        let mut points: Vec<String> = Vec::new();
        let mut indexed = false;
        for next in names.chars() {
            match next {
                'A'..='Z' => {
                    indexed = false;
                    points.push(next.to_string());
                }
                '\'' | '′' | '’' => points.last_mut()?.push('\''),
                '_' => indexed = true,
                '0'..='9' if indexed => points.last_mut()?.push(next),
                ' ' | '{' | '}' | '(' | ')' | ',' => {}
                _ => return None,
            }
        }
        (points.len() == count).then_some((figure, points))
    })
}

/// The sides and the sign of a relation between sets, the smaller set or the element first.
fn sets(text: &str) -> Option<(String, &'static str, String)> {
    const SIGNS: [(&str, &str, &str); 6] =
        [("∈", "∋", "∈"), ("∉", "∌", "∉"), ("⊂", "⊃", "⊂"), ("⊆", "⊇", "⊆"), ("⊄", "⊅", "⊄"), ("⊈", "⊉", "⊈")];
    const COMMANDS: [(&str, &str); 10] = [
        ("\\notin", "∉"),
        ("\\not\\ni", "∌"),
        ("\\subseteq", "⊆"),
        ("\\supseteq", "⊇"),
        ("\\nsubseteq", "⊈"),
        ("\\nsupseteq", "⊉"),
        ("\\subset", "⊂"),
        ("\\supset", "⊃"),
        ("\\ni ", "∋ "),
        ("\\in ", "∈ "),
    ];
    let mut text = text.trim_matches(['$', ' ', '.']).to_owned();
    for (command, sign) in COMMANDS {
        text = text.replace(command, sign);
    }
    let part = |side: &str| -> Option<String> {
        let side: String = side.chars().filter(|next| !next.is_whitespace() && *next != '$').collect();
        let others = SIGNS.iter().any(|(one, other, _)| side.contains(one) || side.contains(other));
        (!side.is_empty() && !others).then_some(side)
    };
    SIGNS.into_iter().find_map(|(forwards, backwards, sign)| {
        if let Some((left, right)) = text.split_once(forwards) {
            return Some((part(left)?, sign, part(right)?));
        }
        let (left, right) = text.split_once(backwards)?;
        Some((part(right)?, sign, part(left)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_set_relations_are_read_from_either_end() {
        for (one, other) in [
            ("∠PQR", "∠RQP"),
            ("\\angle PQR", "angle(R, Q, P)"),
            ("angle P Q R", "$\\angle RQP$"),
            ("∠P'Q'R'", "angle R'Q'P'"),
            ("segment PQ", "\\overline{QP}"),
            ("line segment PQ", "linesegment(P,Q)"),
            ("M ⊂ N", "N ⊃ M"),
            ("M \\subseteq N", "N ⊇ M"),
            ("q ∉ M", "M ∌ q"),
            ("$q \\notin M$", "M \\not\\ni q"),
        ] {
            assert!(is_same(one, other), "{one} | {other}");
            assert!(is_same(other, one), "{other} | {one}");
        }
        for (one, other) in [
            ("∠PQR", "∠QPR"),
            ("∠PQR", "∠PRQ"),
            ("∠PQR", "PQR"),
            ("∠PQR", "∠P'QR"),
            ("∠P_1QR", "∠P_2QR"),
            ("segment PQ", "segment PR"),
            ("segment PQ", "∠PQ"),
            ("M ⊂ N", "M ⊃ N"),
            ("M ⊂ N", "N ⊂ M"),
            ("M ⊂ N", "M ⊆ N"),
            ("q ∈ M", "q ∉ M"),
            ("M ⊂ N ⊂ P", "P ⊃ N ⊃ M ⊃ Q"),
        ] {
            assert!(!is_same(one, other), "{one} | {other}");
        }
    }
}
