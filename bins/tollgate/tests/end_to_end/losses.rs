//! What a target's format cannot say is named, or refused where nothing may be lost.

use tollgate_telemetry::Outcome;

use crate::{
    ANTHROPIC_ANSWER, OPENAI_ANSWER,
    client::chat,
    provider, question, records,
    support::GatewayProcess,
    upstream::{Upstream, json},
};

const LOSSY: &str = r#"{"model":"theirs/claude-sonnet-4-6","messages":[{"role":"user","content":"Hi","name":"eve"}],"seed":7,"logit_bias":{"50256":-100},"presence_penalty":0.5}"#;

fn start() -> (GatewayProcess, Upstream, Upstream) {
    let theirs = Upstream::always(vec![json(200, ANTHROPIC_ANSWER)]);
    let ours = Upstream::always(vec![json(200, OPENAI_ANSWER)]);
    let providers = [provider("theirs", "anthropic", &theirs), provider("ours", "openai", &ours)].concat();
    (GatewayProcess::start(&providers), theirs, ours)
}

#[test]
fn what_is_lost_is_named_in_a_header_and_in_the_record() {
    let (gateway, theirs, ours) = start();
    let answer = chat(gateway.address, &[], LOSSY);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let header = answer.header("x-tollgate-lossy").expect("something was lost");
    for lost in ["sampling.seed", "sampling.logit_bias", "sampling.presence_penalty", "messages[0].name"] {
        assert!(header.split(", ").any(|loss| loss.starts_with(&format!("{lost}="))), "{lost}: {header}");
    }
    let sent = String::from_utf8(theirs.received()[0].body.clone()).unwrap();
    assert!(!sent.contains("logit_bias") && !sent.contains("seed"), "{sent}");
    // What can be said is not reported as lost.
    let plain = chat(gateway.address, &[], question("theirs/claude-sonnet-4-6", false));
    assert_eq!((plain.status, plain.header("x-tollgate-lossy")), (200, None));
    // To a provider of the same format nothing is lost, since nothing is written anew.
    let same = chat(gateway.address, &[("x-tollgate-strict", "true")], LOSSY.replace("theirs/", "ours/"));
    assert_eq!((same.status, same.header("x-tollgate-lossy")), (200, None));
    assert_eq!(ours.received().len(), 1);

    let records = records(gateway);
    let losses = records[0].losses.as_array().unwrap();
    assert_eq!(losses.len(), header.split(", ").count(), "{losses:?}");
    assert!(losses.iter().any(|loss| loss["path"] == "sampling.seed"), "{losses:?}");
    assert_eq!(records[1].losses.as_array().map_or(0, Vec::len), 0);
}

#[test]
fn a_strict_call_is_refused_before_anything_is_sent() {
    let (gateway, theirs, _ours) = start();
    for stream in [false, true] {
        let body = LOSSY.replace("\"seed\"", &format!("\"stream\":{stream},\"seed\""));
        let answer = chat(gateway.address, &[("x-tollgate-strict", "true")], body);
        assert_eq!(answer.status, 400, "{}", answer.text());
        let error = answer.error();
        for lost in ["seed", "logit_bias", "presence_penalty"] {
            assert!(error["message"].as_str().unwrap().contains(lost), "{error}");
        }
    }
    assert!(theirs.received().is_empty());
    let plain = question("theirs/claude-sonnet-4-6", false);
    assert_eq!(chat(gateway.address, &[("x-tollgate-strict", "true")], plain).status, 200);
    let unreadable = chat(gateway.address, &[("x-tollgate-strict", "perhaps")], LOSSY);
    assert_eq!((unreadable.status, &unreadable.error()["param"]), (400, &"x-tollgate-strict".into()));
    let records = records(gateway);
    assert_eq!(records.len(), 4);
    assert_eq!((records[0].summary.outcome, records[0].summary.http_status), (Outcome::Failed, 400));
    assert_eq!(records[0].summary.error_kind.as_deref(), Some("invalid_request"));
}

#[test]
fn a_strict_call_goes_to_the_target_that_loses_nothing() {
    let theirs = Upstream::always(vec![json(200, ANTHROPIC_ANSWER)]);
    let ours = Upstream::always(vec![json(200, OPENAI_ANSWER)]);
    let providers = [provider("theirs", "anthropic", &theirs), provider("ours", "openai", &ours)].concat();
    let route = "[models.route]\ntargets = [\"theirs/claude-sonnet-4-6\", \"ours/m\"]\n";
    let gateway = GatewayProcess::start(&[providers.as_str(), route].concat());
    let body = LOSSY.replace("theirs/claude-sonnet-4-6", "route");
    let strict = chat(gateway.address, &[("x-tollgate-strict", "true")], &body);
    assert_eq!(
        (strict.status, strict.header("x-tollgate-provider")),
        (200, Some("ours")),
        "{}",
        strict.text()
    );
    let lenient = chat(gateway.address, &[], &body);
    assert_eq!((lenient.status, lenient.header("x-tollgate-provider")), (200, Some("theirs")));
    assert_eq!((theirs.received().len(), ours.received().len()), (1, 1));
    let attempts = &records(gateway)[0].attempts;
    assert!(attempts[0]["error"]["message"].as_str().unwrap().contains("seed"), "{attempts}");
}

#[test]
fn a_gateway_can_be_strict_unless_a_call_says_otherwise() {
    let theirs = Upstream::always(vec![json(200, ANTHROPIC_ANSWER)]);
    // Added to `[server]`, with which every configuration here begins.
    let configuration = ["strict = true\n".to_owned(), provider("theirs", "anthropic", &theirs)].concat();
    let gateway = GatewayProcess::start(&configuration);
    assert_eq!(chat(gateway.address, &[], LOSSY).status, 400);
    assert_eq!(theirs.received().len(), 0);
    assert_eq!(chat(gateway.address, &[("x-tollgate-strict", "false")], LOSSY).status, 200);
}
