//! `docs/front-doors.md` names the paths that are served: each of them is routed.

use http::{HeaderMap, Method, Uri};

use super::{FrontDoors, route::Asked};

const PAGE: &str = include_str!("../../../../docs/front-doors.md");

/// The methods and paths in code marks: `` `GET` and `DELETE /v1/responses/{id}` `` is two of them.
fn named() -> Vec<(Method, String)> {
    let mut named = Vec::new();
    let mut methods = Vec::new();
    for code in PAGE.split('`').skip(1).step_by(2) {
        let (method, path) = code.split_once(' ').unwrap_or((code, ""));
        let Some(method) =
            [Method::GET, Method::POST, Method::DELETE].into_iter().find(|it| it.as_str() == method)
        else {
            continue;
        };
        methods.push(method);
        if path.starts_with('/') {
            named.extend(methods.drain(..).map(|method| (method, path.to_owned())));
        }
    }
    named
}

#[test]
fn every_path_that_the_page_names_is_served() {
    let doors = FrontDoors::new(1).doors;
    let data = tempfile::tempdir().unwrap();
    let runtime = tollgate::Gateway::builder().open(data.path()).unwrap().runtime();
    let named = named();
    assert!(named.len() >= 12, "{named:?}");
    for (method, path) in named {
        let uri: Uri = path.replace("{model}", "any/model").replace(['{', '}'], "").parse().unwrap();
        let headers = HeaderMap::new();
        let route = doors.route(&runtime, &uri, &headers);
        assert!(!matches!(route.asked, Asked::Unknown), "{method} {path} goes nowhere");
        assert!(route.methods.contains(&method), "{path} takes {:?}, not {method}", route.methods);
    }
}
