//! Finds and reads the configuration file.

use std::{fs, io, path::Path};

use tollgate::config::{File, ProcessEnvironment, Resolved};

use crate::output::CommandError;

/// Read when no `--config` is given, if it is there.
const DEFAULT_FILE: &str = "tollgate.toml";

/// A configuration and where it came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) resolved: Resolved,
    /// The file's name. `None`: there was none, so the environment said it all.
    pub(crate) source: Option<String>,
}

/// Reads the file that was named, or `./tollgate.toml`, or none.
pub(crate) fn load(named: Option<&Path>) -> Result<Loaded, CommandError> {
    let (file, source) = read(named)?;
    let resolved = file.resolve(&ProcessEnvironment);
    let resolved = resolved.map_err(|error| wrong(source.as_deref().unwrap_or("the environment"), &error))?;
    Ok(Loaded { resolved, source })
}

/// Only what is needed to find the records: secrets and providers may be missing.
pub(crate) fn data_folder(named: Option<&Path>) -> Result<std::path::PathBuf, CommandError> {
    let (file, _) = read(named)?;
    Ok(file.server.data.as_deref().unwrap_or(tollgate::config::DEFAULT_DATA).into())
}

fn read(named: Option<&Path>) -> Result<(File, Option<String>), CommandError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let shown = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok((File::default(), None));
        }
        Err(error) => return Err(CommandError::usage(format!("cannot read {shown}: {error}"))),
    };
    let file = File::parse(&text).map_err(|error| wrong(&shown, &error))?;
    Ok((file, Some(shown)))
}

fn wrong(source: &str, error: &tollgate::config::ConfigError) -> CommandError {
    let lines: Vec<String> = error.problems.iter().map(|problem| format!("  {problem}")).collect();
    CommandError::usage(format!("{source} cannot be used:\n{}", lines.join("\n")))
}
