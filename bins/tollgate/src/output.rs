//! What the command says to people and to scripts.

use std::{error::Error, fmt, io::Write as _, process::ExitCode};

/// A failure with the exit code that scripts can tell it by.
#[derive(Debug)]
pub(crate) struct CommandError {
    code: u8,
    message: String,
}

impl CommandError {
    /// The command line or the configuration is wrong: exit code 2.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// The work could not be done: exit code 1. Names the causes below `error` too.
    pub(crate) fn failed(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.ends_with(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self { code: 1, message }
    }

    /// The work could not be done, in words: exit code 1.
    pub(crate) fn failed_because(message: impl fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a command comes to.
pub(crate) type Outcome = Result<(), CommandError>;

/// Prints the failure and returns its exit code.
pub(crate) fn report(error: &CommandError) -> ExitCode {
    let _ = writeln!(anstream::stderr(), "tollgate: {error}");
    ExitCode::from(error.code)
}

/// Prints a line. A reader that has left (`tollgate calls list | head`) is no failure.
pub(crate) fn print(text: impl fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Prints JSON for programs.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(|error| CommandError::failed(&error))?;
    print(text);
    Ok(())
}

/// Makes a table in the house style: no frame, columns apart by two spaces.
pub(crate) fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header.iter().copied());
    table
}

/// Groups the digits of a count: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
