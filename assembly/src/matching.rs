//! Finds whether a form of N questions exists, and completes a greedy form that got stuck.
//!
//! A pattern allows `pattern_max` questions and a family allows one. So a question is an edge between its family and
//! its pattern, and a form is a bipartite matching with capacities. Augmenting paths (Berge 1957) grow a matching by
//! one while a larger one exists, so the longest form is found exactly, from any start.

use std::collections::VecDeque;

use super::pool::Pool;

/// Grows `chosen` (positions in `pool` that satisfy the rules) to `questions`, or as far as the rules allow.
pub(super) fn complete(pool: &Pool, chosen: &mut Vec<usize>, questions: usize) {
    if chosen.len() >= questions {
        return;
    }
    let mut matching = Matching::of(pool, chosen);
    while matching.len < questions && matching.augment() {}
    chosen.clear();
    chosen.extend(matching.chosen.iter().flatten());
    chosen.sort_unstable();
}

struct Matching<'a> {
    pool: &'a Pool,
    /// The question chosen of each family.
    chosen: Vec<Option<usize>>,
    /// The families that fill each pattern.
    holders: Vec<Vec<usize>>,
    /// The questions of each family.
    members: Vec<Vec<usize>>,
    len: usize,
}

impl<'a> Matching<'a> {
    fn of(pool: &'a Pool, chosen: &[usize]) -> Self {
        let mut matching = Self {
            pool,
            chosen: vec![None; pool.families()],
            holders: vec![Vec::new(); pool.patterns()],
            members: vec![Vec::new(); pool.families()],
            len: chosen.len(),
        };
        for (position, item) in pool.items().iter().enumerate() {
            matching.members[item.family].push(position);
        }
        for &position in chosen {
            let item = &pool.items()[position];
            matching.chosen[item.family] = Some(position);
            matching.holders[item.pattern].push(item.family);
        }
        matching
    }

    /// Adds one family along a shortest augmenting path; `false` if there is none, so no longer form exists.
    fn augment(&mut self) -> bool {
        // The question through which each pattern was reached; breadth first from all families without a question.
        let mut reached: Vec<Option<usize>> = vec![None; self.pool.patterns()];
        let mut waiting: VecDeque<usize> =
            (0..self.chosen.len()).filter(|&family| self.chosen[family].is_none()).collect();
        while let Some(family) = waiting.pop_front() {
            for &position in &self.members[family] {
                let pattern = self.pool.items()[position].pattern;
                if reached[pattern].is_some() || self.chosen[family] == Some(position) {
                    continue;
                }
                reached[pattern] = Some(position);
                if self.has_room(pattern) {
                    self.flip(pattern, &reached);
                    return true;
                }
                waiting.extend(&self.holders[pattern]);
            }
        }
        false
    }

    fn has_room(&self, pattern: usize) -> bool {
        self.holders[pattern].len() < self.pool.capacity(pattern)
    }

    /// Augments along the path: `end` gets the question through which it was reached, and each pattern on the path
    /// takes the previous one.
    fn flip(&mut self, end: usize, reached: &[Option<usize>]) {
        let mut next = Some(end);
        while let Some(pattern) = next {
            let Some(position) = reached[pattern] else { break };
            let family = self.pool.items()[position].family;
            let left = self.chosen[family].replace(position).map(|before| self.pool.items()[before].pattern);
            self.holders[pattern].push(family);
            if let Some(left) = left {
                self.holders[left].retain(|&holder| holder != family);
            }
            next = left;
        }
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{blueprint, question};
    use super::super::{AssemblyError, Blueprint, Candidate, Effort, Instance, assemble};

    fn of(pattern: u32, family: u32, usefulness: f64) -> Candidate {
        Candidate { pattern: Some(pattern), family: Some(family), usefulness, ..question(0) }
    }

    fn form(questions: usize, pattern_max: u32, candidates: Vec<Candidate>) -> Result<Vec<usize>, AssemblyError> {
        let blueprint = Blueprint { pattern_max, ..blueprint(questions, &[1.0]) };
        assemble(&Instance::new(blueprint, candidates).unwrap(), 1, Effort::default()).map(|form| form.selection)
    }

    #[test]
    fn a_stuck_greedy_form_is_completed() {
        // The most useful question, 0, uses the only pattern of family 2, although its own family has other questions.
        let bank = vec![of(1, 1, 1.0), of(2, 1, 0.1), of(1, 2, 0.1)];
        assert_eq!(form(2, 1, bank), Ok(vec![1, 2]));
    }

    #[test]
    fn a_chain_of_families_gives_way() {
        // The greedy form is 0, 2 and 4; only 1, 3, 5 and 6 give four questions.
        let chain = vec![
            of(1, 1, 1.0),
            of(4, 1, 0.0),
            of(2, 2, 1.0),
            of(1, 2, 0.0),
            of(3, 3, 1.0),
            of(2, 3, 0.0),
            of(3, 4, 0.0),
        ];
        assert_eq!(form(4, 1, chain), Ok(vec![1, 3, 5, 6]));
    }

    #[test]
    fn the_error_says_how_long_a_form_could_be() {
        let bank = vec![of(1, 1, 0.5), of(1, 2, 0.5), of(1, 3, 0.5), of(2, 1, 0.5)];
        let error = |possible| AssemblyError::TooFew { asked: 5, possible, candidates: 4 };
        assert_eq!(form(5, 0, bank.clone()), Err(error(0)));
        assert_eq!(form(5, 1, bank.clone()), Err(error(2)));
        assert_eq!(form(5, 2, bank.clone()), Err(error(3)));
        assert_eq!(form(5, 9, bank), Err(error(3)));
    }

    #[test]
    fn questions_without_a_pattern_or_a_family_are_free() {
        let bank = vec![question(0); 3];
        assert_eq!(form(3, 0, bank), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn an_empty_bank_has_no_form() {
        assert_eq!(form(1, 1, Vec::new()), Err(AssemblyError::TooFew { asked: 1, possible: 0, candidates: 0 }));
        let endless = form(usize::MAX, 1, vec![question(0)]);
        assert_eq!(endless, Err(AssemblyError::TooFew { asked: usize::MAX, possible: 1, candidates: 1 }));
    }
}
