//! A projector that speaks PJLink: `driver = "pjlink"`.

use std::path::{Path, PathBuf};

use super::super::problem::Problems;
use super::super::raw::Fields;
use super::super::secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pjlink {
    pub host: String,
    /// 4352 by the specification.
    pub port: u16,
    /// `None`: it wants none.
    pub password_file: Option<PathBuf>,
    /// The input the bay's PC is on: its kind (1 RGB, 2 video, 3 digital, 4 storage, 5 network, 6 internal) and its
    /// number (1 to 9, A to Z).
    pub input: String,
}

pub(super) fn read(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<Pjlink> {
    let host = super::host(table, problems);
    let port = super::port(table, 4352, problems);
    let password = table.text("password_file", problems);
    let mend = "write the input the bay's PC is on, like \"31\" for the first digital one";
    let input = table.need_text("input", mend, problems);
    let input = input.filter(|input| {
        let known = is_input(&input.value);
        if !known {
            let what = format!("`{}` is no PJLink input", input.value);
            problems.add(input.line, table.at("input"), what, mend);
        }
        known
    });
    Some(Pjlink {
        host: host?,
        port,
        password_file: password.map(|file| secret::find(&file.value, beside)),
        input: input?.value,
    })
}

fn is_input(text: &str) -> bool {
    let numbered = |number: &u8| matches!(number, b'1'..=b'9' | b'A'..=b'Z');
    matches!(text.as_bytes(), [b'1'..=b'6', number] if numbered(number))
}
