//! Media, and what parts have that the format lacks.

use serde_json::json;
use tollgate_model::{
    Content, Format, LossKind, Message, Part, Role,
    message::{Audio, CacheHint, Document, Image, ImageDetail, MediaSource, Opaque},
};

use crate::{FORMAT, asking, dropped, encode, lost, try_encode};

#[test]
fn media_need_a_type_that_is_said_or_told_by_the_name() {
    let image = |source| Part::new(Content::Image(Image { source, detail: None }));
    let url = |url: &str, kind: Option<&str>| MediaSource::Url {
        url: url.to_owned(),
        media_type: kind.map(str::to_owned),
    };
    let document = |source, filename: Option<&str>| {
        Part::new(Content::Document(Document {
            source,
            filename: filename.map(str::to_owned),
            context: None,
            citations: None,
        }))
    };
    let base64 = |kind: &str| MediaSource::Base64 { media_type: kind.to_owned(), data: "AAAA".to_owned() };
    let file = |issuer| MediaSource::File { id: "files/1".to_owned(), issuer };
    let linked = |kind: &str, uri: &str| json!({"fileData": {"mimeType": kind, "fileUri": uri}});
    let inline = |kind: &str| json!({"inlineData": {"mimeType": kind, "data": "AAAA"}});
    let cases = [
        (image(base64("image/jpg")), inline("image/jpeg")),
        (image(url("data:image/png;base64,AAAA", None)), inline("image/png")),
        (image(url("https://x.test/a.webp?v=1", None)), linked("image/webp", "https://x.test/a.webp?v=1")),
        (image(url("gs://b/a", Some("image/gif"))), linked("image/gif", "gs://b/a")),
        (
            image(url("https://www.youtube.com/watch?v=1", None)),
            json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}),
        ),
        (image(file(FORMAT)), json!({"fileData": {"fileUri": "files/1"}})),
        (document(base64("application/octet-stream"), Some("a.PDF")), inline("application/pdf")),
        (
            document(MediaSource::Text { text: "abc".to_owned() }, None),
            json!({"inlineData": {"mimeType": "text/plain", "data": "YWJj"}}),
        ),
        (
            Part::new(Content::Audio(Audio {
                source: base64("audio/wav"),
                transcript: None,
                id: None,
                expires_at: None,
            })),
            inline("audio/wav"),
        ),
    ];
    for (part, expected) in cases {
        let (body, losses) = encode(&asking(vec![Message::new(Role::User, vec![part.clone()])]));
        assert_eq!(body["contents"][0]["parts"], json!([expected]));
        let named = matches!(&part.content, Content::Document(document) if document.filename.is_some());
        assert_eq!(losses, if named { vec![dropped("messages[0].parts[0].filename")] } else { vec![] });
    }
    let refused = [
        image(base64("")),
        image(url("https://x.test/picture", None)),
        image(url("data:image/png,plain", None)),
        image(file(Format::OPENAI_CHAT)),
    ];
    for part in refused {
        let request = asking(vec![Message::new(Role::User, vec![Part::text("see"), part])]);
        let error = try_encode(None, &request).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].parts[1]"));
    }
}

#[test]
fn attributes_that_the_format_lacks_are_named() {
    let mut text = Part::text("x").with_cache(CacheHint::Standard);
    text.extra.insert(&Format::OPENAI_CHAT, "odd", json!(1));
    let image = Part::new(Content::Image(Image {
        source: MediaSource::Base64 { media_type: "image/png".to_owned(), data: String::new() },
        detail: Some(ImageDetail::High),
    }));
    let opaque = Opaque { format: Format::ANTHROPIC_MESSAGES, value: json!({}) };
    let refusal = Part::new(Content::Refusal("no".to_owned()));
    let mut message = Message::new(
        Role::User,
        vec![text, image, Part::new(Content::Opaque(opaque)), refusal, Part::text("")],
    );
    message.name = Some("ann".to_owned());
    let mut request = asking(vec![message]);
    request.user = Some("u".to_owned());
    request.metadata.insert("team".to_owned(), json!("t"));
    request.cache.key = Some("k".to_owned());
    request.cache.automatic = Some(CacheHint::OneHour);
    request.sampling.logit_bias.insert("1".to_owned(), json!(2));
    request.service_tier = Some("scale".to_owned());
    let (_, losses) = encode(&request);
    let expected = [
        dropped("messages[0].name"),
        dropped("messages[0].parts[0].cache"),
        dropped("messages[0].parts[0].odd"),
        dropped("messages[0].parts[1].detail"),
        dropped("messages[0].parts[2]"),
        lost("messages[0].parts[3]", LossKind::Approximated),
        dropped("sampling.logit_bias"),
        dropped("user"),
        dropped("metadata.team"),
        dropped("cache.key"),
        lost("cache.automatic", LossKind::Approximated),
        dropped("service_tier"),
    ];
    assert_eq!(losses, expected);
}
