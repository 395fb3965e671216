//! Options that are whole numbers. A number out of range is refused with the range, a negative one too.

use std::any::TypeId;
use std::fmt::Display;
use std::ops::RangeInclusive;

use clap::Command;
use clap::builder::RangedI64ValueParser;

/// Parses a whole number within a range. The usual parser of an unsigned number calls a negative one "invalid digit".
pub(crate) fn whole<T>(range: RangeInclusive<i64>) -> RangedI64ValueParser<T>
where
    T: TryFrom<i64> + Clone + Send + Sync,
    <T as TryFrom<i64>>::Error: Send + Sync + 'static + std::error::Error + Display,
{
    RangedI64ValueParser::new().range(range)
}

/// Lets every numeric option of a command and its subcommands read a negative number, which its parser then refuses by its
/// range. Otherwise `-5` would be taken for an unknown option.
#[must_use]
pub fn reading_negative_numbers(command: Command) -> Command {
    let numeric = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<i64>(),
        TypeId::of::<f64>(),
    ];
    let command = command.mut_args(|argument| {
        let kind = argument.get_value_parser().type_id();
        let is_numeric = argument.get_action().takes_values() && numeric.iter().any(|number| kind == *number);
        if is_numeric { argument.allow_negative_numbers(true) } else { argument }
    });
    command.mut_subcommands(reading_negative_numbers)
}
