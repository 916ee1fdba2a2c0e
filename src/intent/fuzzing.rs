//! Doors for the fuzz targets and the tests of other packages; the box itself does not use them.

use super::{clauses, normalise};

/// [`normalise::tidy`].
pub fn tidy(text: &str) -> String {
    normalise::tidy(text)
}

/// [`normalise::plain`].
pub fn plain(text: &str) -> String {
    normalise::plain(text)
}

/// The encoder's form, no word mended.
pub fn for_encoder(text: &str) -> String {
    normalise::for_encoder(text, |word, _| word.to_owned())
}

/// [`clauses::split`].
pub fn cut(text: &str) -> Vec<&str> {
    clauses::split(text)
}
