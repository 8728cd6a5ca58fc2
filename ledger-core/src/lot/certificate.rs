//! Certificates of the places where goods arose, with their dates (`docs/rules.md`, CHUNG_NHAN_HET_HAN).

use super::Family;
use crate::family::Creation;
use crate::kind::Kind;

/// Whether a standard of a place was over when a member of the family arose there.
pub(super) fn was_over(family: &Family<'_>) -> bool {
    family
        .created()
        .any(|creation| was_over_for(family, creation))
}

fn was_over_for(family: &Family<'_>, creation: &Creation<'_>) -> bool {
    let Some(place) = creation.place() else {
        return false;
    };
    let day = family.corrections().occurred(&creation.fact).date();
    let of_place = || {
        family
            .of_kind(Kind::Certificate)
            .map(|fact| fact.event.body())
            .filter(|body| body.target_place.as_ref() == Some(place))
    };
    let is_over = |body: &crate::body::Body| {
        let until = body.valid.and_then(|valid| valid.until);
        until.is_some_and(|until| until < day)
    };
    of_place().any(|body| {
        let mut of_standard = of_place().filter(|other| other.standard == body.standard);
        of_standard.all(is_over)
    })
}
