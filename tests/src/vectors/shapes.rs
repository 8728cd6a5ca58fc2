//! Bytes that are no bundle.

use super::base::NOW;
use super::{Base, Case, Fault, Story};

pub fn stories() -> Vec<Story> {
    vec![
        Story::new("truncated", "the last byte is missing", |base| {
            let good = good(base)?;
            base.case(&good[..good.len() - 1], NOW)
        }),
        Story::new("trailing_byte", "a byte follows", |base| {
            let longer = [&good(base)?[..], &[0]].concat();
            base.case(&longer, NOW)
        }),
        Story::new("not_cbor", "words instead of a bundle", |base| {
            base.case("Có hồ sơ nguồn gốc".as_bytes(), NOW)
        }),
        Story::new("empty", "nothing at all", |base| -> Result<Case, Fault> {
            base.case(&[], NOW)
        }),
    ]
}

fn good(base: &mut Base) -> Result<Vec<u8>, Fault> {
    Ok(base.bundle("B-0105")?.encode())
}
