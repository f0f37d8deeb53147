//! Pictures and documents.

use serde_json::json;
use tollgate_model::{
    Content, Format, Message, Part, Role,
    message::{Audio, Document, Image, ImageDetail, MediaSource},
};

use crate::{FORMAT, asking, encode, try_encode};

#[test]
fn pictures_and_documents_are_sent_by_source() {
    let base64 = |media_type: &str, data: &str| MediaSource::Base64 {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let image = |source| Part::new(Content::Image(Image { source, detail: Some(ImageDetail::High) }));
    let document = |source, name: Option<&str>| {
        Part::new(Content::Document(Document {
            source,
            filename: name.map(str::to_owned),
            context: None,
            citations: Some(true),
        }))
    };
    let file = |issuer| MediaSource::File { id: "file_1".to_owned(), issuer };
    let url = MediaSource::Url { url: "https://x/y.png".to_owned(), media_type: None };
    let parts = vec![
        image(base64("image/jpg", "AA==")),
        image(url),
        document(base64("application/pdf", "AA=="), Some("a.pdf")),
        document(base64("text/markdown", "IyBoaQ=="), None),
        document(file(FORMAT), None),
    ];
    let (body, losses) = encode(&asking(vec![Message::new(Role::User, parts)]));
    let content = &body["messages"][0]["content"];
    assert_eq!(content[0]["source"], json!({"type": "base64", "media_type": "image/jpeg", "data": "AA=="}));
    assert_eq!(content[1]["source"], json!({"type": "url", "url": "https://x/y.png"}));
    assert_eq!(
        (&content[2]["title"], &content[2]["citations"]),
        (&json!("a.pdf"), &json!({"enabled": true}))
    );
    assert_eq!(content[3]["source"], json!({"type": "text", "media_type": "text/plain", "data": "# hi"}));
    assert_eq!(content[4]["source"], json!({"type": "file", "file_id": "file_1"}));
    assert_eq!(losses.len(), 2, "the two details");
    for refused in [
        document(file(Format::OPENAI_CHAT), None),
        document(base64("application/zip", ""), None),
        Part::new(Content::Audio(Audio {
            source: base64("audio/wav", ""),
            transcript: None,
            id: None,
            expires_at: None,
        })),
    ] {
        let request = asking(vec![Message::new(Role::User, vec![refused])]);
        let error = try_encode(None, &request).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].parts[0]"));
    }
}
