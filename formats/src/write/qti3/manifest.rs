//! `imsmanifest.xml`: the list of what the package contains.

use std::fmt::Write as _;

use super::{Item, item_id, item_path};
use crate::write::{html::escaped, listing};

/// What the manifest says of an item.
pub(super) struct Resource {
    title: String,
    difficulty: Option<u8>,
    keywords: Vec<String>,
    files: Vec<String>,
}

impl Resource {
    pub(super) fn of(item: &Item) -> Self {
        let question = item.question;
        let mut keywords = listing::tags(question);
        keywords.retain(|tag| !tag.starts_with("difficulty:") && tag != "all-or-nothing");
        keywords.extend(question.category.iter().map(|name| format!("category:{name}")));
        keywords.extend(question.topic.iter().map(|name| format!("topic:{name}")));
        let mut files: Vec<String> = item.figures.iter().flatten().cloned().collect();
        files.sort_unstable();
        files.dedup();
        Self { title: listing::title(question, item.index + 1), difficulty: question.difficulty, keywords, files }
    }
}

/// Writes the manifest. Each test is its path and the indices of its items.
pub(super) fn write(items: &[Resource], tests: &[(String, Vec<usize>)]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <manifest xmlns=\"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1\" xmlns:lom=\"http://ltsc.ieee.org/xsd/LOM\" identifier=\"MANIFEST\">\n\
        <metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata>\n<organizations/>\n<resources>\n"
        .to_owned();
    for (index, (path, members)) in tests.iter().enumerate() {
        let _ = write!(
            out,
            "<resource identifier=\"test-{}\" type=\"imsqti_test_xmlv3p0\" href=\"{path}\"><file href=\"{path}\"/>",
            index + 1
        );
        for member in members {
            let _ = write!(out, "<dependency identifierref=\"{}\"/>", item_id(*member));
        }
        out.push_str("</resource>\n");
    }
    for (index, item) in items.iter().enumerate() {
        let path = item_path(index);
        let _ = write!(
            out,
            "<resource identifier=\"{}\" type=\"imsqti_item_xmlv3p0\" href=\"{path}\"><metadata><lom:lom><lom:general>\
             <lom:title><lom:string>{}</lom:string></lom:title>",
            item_id(index),
            escaped(&item.title)
        );
        for keyword in &item.keywords {
            let _ = write!(out, "<lom:keyword><lom:string>{}</lom:string></lom:keyword>", escaped(keyword));
        }
        out.push_str("</lom:general>");
        let levels = ["very easy", "easy", "medium", "difficult", "very difficult"];
        let level = item.difficulty.and_then(|level| levels.get(usize::from(level).checked_sub(1)?));
        if let Some(level) = level {
            let _ = write!(
                out,
                "<lom:educational><lom:difficulty><lom:source>LOMv1.0</lom:source><lom:value>{level}</lom:value></lom:difficulty></lom:educational>"
            );
        }
        let _ = write!(out, "</lom:lom></metadata><file href=\"{path}\"/>");
        for file in &item.files {
            let _ = write!(out, "<file href=\"{file}\"/>");
        }
        out.push_str("</resource>\n");
    }
    out.push_str("</resources>\n</manifest>\n");
    out
}
