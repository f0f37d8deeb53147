//! Coding agents that nobody here wrote, Claude Code (Messages) and Codex (Responses), each complete a task with a tool
//! through the gateway, on another vendor's format.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod sdk;
mod support;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use support::{Ended, GatewayProcess, free_port, wait_for_port};
use tollgate_telemetry::{CallFilter, Outcome};

const PACKAGE: &str = include_str!("agents/package.json");
const PACKAGE_LOCK: &str = include_str!("agents/package-lock.json");

fn agents() -> Option<PathBuf> {
    Some(sdk::npm_packages("agents", PACKAGE, PACKAGE_LOCK)?.join("node_modules"))
}

fn scripted_vendor() -> (Ended, u16) {
    let port = free_port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/scripted_vendor.py");
    let child = Command::new("python3").arg(script).arg(port.to_string()).stdout(Stdio::null()).spawn();
    let child = Ended(child.expect("python3 can be started"));
    wait_for_port(port);
    (child, port)
}

/// Lets an agent work in an empty folder, with a gateway in front of `provider`.
fn complete_the_task(provider: &str, base_path: &str, agent: impl FnOnce(&str, &Path) -> sdk::Output) {
    let (_vendor, port) = scripted_vendor();
    let gateway = GatewayProcess::start(&format!(
        "[providers.{provider}]\nbase_url = \"http://127.0.0.1:{port}{base_path}\"\napi_key = \"sk-of-the-vendor\"\n"
    ));
    let folder = tempfile::tempdir().unwrap();
    let output = agent(&gateway.url(), folder.path());
    let (store, _records) = gateway.stop();
    let calls = store.calls(&CallFilter::default()).unwrap();
    let told = format!("{}\n{}\n{calls:#?}", output.stdout, output.stderr);
    assert!(output.succeeded, "{told}");
    let made = std::fs::read_to_string(folder.path().join("made.txt"));
    assert_eq!(made.ok().as_deref(), Some("made by a tool\n"), "{told}");
    assert!(output.stdout.contains("The file is made."), "{told}");
    assert!(calls.len() >= 2 && calls.iter().all(|call| call.outcome == Outcome::Completed), "{told}");
}

#[test]
fn claude_code_works_on_openai() {
    let Some(agents) = agents() else { return };
    let vendors = std::fs::read_dir(agents.join("@anthropic-ai")).unwrap().flatten();
    // The program stands in the package of this machine's kind; the others' are not installed.
    let program = vendors.map(|entry| entry.path().join("claude")).find(|program| program.is_file()).unwrap();
    complete_the_task("openai", "/v1", |gateway, folder| {
        let mut command = Command::new(program);
        command.current_dir(folder).args(["-p", "make the file", "--model", "openai/gpt-4o"]);
        command.args(["--allowedTools", "Bash"]);
        let home = folder.join("home");
        let env = [
            ("HOME", home.to_str().unwrap()),
            ("ANTHROPIC_BASE_URL", gateway),
            ("ANTHROPIC_API_KEY", "sk-of-nobody"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
        ];
        sdk::program(&mut command, &env)
    });
}

#[test]
fn codex_works_on_anthropic() {
    let Some(agents) = agents() else { return };
    complete_the_task("anthropic", "", |gateway, folder| {
        let home = folder.join("home");
        std::fs::create_dir_all(&home).unwrap();
        let configuration = format!(
            "model = \"anthropic/claude-sonnet-4-6\"\nmodel_provider = \"tollgate\"\napproval_policy = \"never\"\n\
             sandbox_mode = \"danger-full-access\"\n[model_providers.tollgate]\nname = \"Tollgate\"\n\
             base_url = \"{gateway}/v1\"\nenv_key = \"TOLLGATE_KEY\"\nwire_api = \"responses\"\n"
        );
        std::fs::write(home.join("config.toml"), configuration).unwrap();
        let mut command = Command::new(agents.join(".bin/codex"));
        command.current_dir(folder).args(["exec", "--skip-git-repo-check", "make the file"]);
        let home = home.to_str().unwrap();
        sdk::program(&mut command, &[("HOME", home), ("CODEX_HOME", home), ("TOLLGATE_KEY", "sk-of-nobody")])
    });
}
