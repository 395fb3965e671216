//! The generator makes questions that are ours.
#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod generator;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn each_generated_question_can_be_stored(question in generator::question()) {
        let row = formats::ours::row(&question).unwrap();
        let read = formats::ours::question(&row.columns, None, None);
        prop_assert_eq!(formats::ours::row(&read).unwrap().columns, row.columns);
    }
}
