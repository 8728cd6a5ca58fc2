//! Reading a CSV file cell by cell, so that whoever mistypes one is told file, line and column.

use std::fs::File;
use std::path::Path;

use ::csv::{Reader, StringRecord};
use ledger_core::body::Role;
use ledger_core::code::{Gln, Gtin, ShortCode};
use ledger_core::ids::OrgId;
use ledger_core::kind::Kind;
use ledger_core::quantity::{Quantity, QuantityError, Unit};
use ledger_core::time::{Date, Timestamp};

use super::SampleError;

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    file: &'static str,
    line: u64,
}

impl At {
    /// Something is wrong in a cell of this row.
    pub(super) fn fault(self, column: &str, what: impl ToString) -> SampleError {
        SampleError::Cell {
            file: self.file,
            line: self.line,
            column: column.to_owned(),
            what: what.to_string(),
        }
    }
}

/// One row, its cells not yet read.
pub(super) struct Record<'a> {
    pub(super) at: At,
    headers: &'a StringRecord,
    cells: StringRecord,
}

impl Record<'_> {
    fn text(&self, column: &'static str) -> Result<&str, SampleError> {
        let place = self.headers.iter().position(|header| header == column);
        let cell = place.and_then(|place| self.cells.get(place));
        cell.ok_or_else(|| self.at.fault(column, "there is no such column"))
    }

    /// The value of a cell.
    pub(super) fn get<T: Cell>(&self, column: &'static str) -> Result<T, SampleError> {
        T::read(self.text(column)?).map_err(|what| self.at.fault(column, what))
    }

    /// The values of a cell that holds several.
    pub(super) fn list<T: Cell>(
        &self,
        column: &'static str,
        separator: char,
    ) -> Result<Vec<T>, SampleError> {
        let items = self.text(column)?.split(separator);
        let items = items.filter(|item| !item.is_empty()).map(T::read);
        items
            .collect::<Result<_, _>>()
            .map_err(|what| self.at.fault(column, what))
    }

    /// What the word in a cell stands for.
    pub(super) fn pick<T: Copy>(
        &self,
        column: &'static str,
        words: &[(&str, T)],
    ) -> Result<T, SampleError> {
        let cell = self.text(column)?;
        let found = words.iter().find(|(word, _)| *word == cell);
        let unknown = || self.at.fault(column, format!("unknown word \"{cell}\""));
        found.map(|(_, meaning)| *meaning).ok_or_else(unknown)
    }
}

/// Reads every row of a file.
pub(super) fn rows<T>(
    folder: &Path,
    file: &'static str,
    row: impl Fn(&Record<'_>) -> Result<T, SampleError>,
) -> Result<Vec<T>, SampleError> {
    let unreadable = |source| SampleError::File { file, source };
    let mut reader: Reader<File> = Reader::from_path(folder.join(file)).map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let mut rows = Vec::new();
    for cells in reader.records() {
        let cells = cells.map_err(unreadable)?;
        let line = cells.position().map_or(0, ::csv::Position::line);
        let (at, headers) = (At { file, line }, &headers);
        rows.push(row(&Record { at, headers, cells })?);
    }
    Ok(rows)
}

/// A type that a cell may hold.
pub(super) trait Cell: Sized {
    fn read(text: &str) -> Result<Self, String>;
}

/// A plain decimal whose unit stands in another column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal(String);

impl Decimal {
    pub(super) fn in_unit(&self, unit: Unit) -> Result<Quantity, QuantityError> {
        Quantity::parse(&self.0, unit)
    }
}

/// Degrees north or east, in 1e-7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Degrees(pub(super) i64);

/// The outline of a place: longitude and latitude of each corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline(pub(super) Vec<(Degrees, Degrees)>);

/// A batch, and how much of it where that is said: `B-0102:1420`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BatchUse {
    pub(super) batch_id: String,
    pub(super) quantity: Option<Decimal>,
}

/// A role in the network; some of the sample's are no roles of the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleRole(pub(super) Option<Role>);

impl<T: Cell> Cell for Option<T> {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::read(text).map(Some)
        }
    }
}

impl Cell for String {
    fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("nothing here".into());
        }
        Ok(text.to_owned())
    }
}

macro_rules! cells {
    ($($type:ty: |$text:ident| $read:expr;)*) => {$(
        impl Cell for $type {
            fn read($text: &str) -> Result<Self, String> {
                $read.map_err(|error| format!("\"{}\": {error}", $text))
            }
        }
    )*};
}

cells! {
    OrgId: |text| OrgId::new(text);
    Date: |text| Date::parse(text);
    Timestamp: |text| Timestamp::parse(text);
    Gln: |text| text.parse::<Gln>();
    Gtin: |text| text.parse::<Gtin>();
    ShortCode: |text| text.parse::<ShortCode>();
    u64: |text| text.parse::<u64>();
    Decimal: |text| Quantity::parse(text, Unit::Kilogram).map(|_| Decimal(text.to_owned()));
    Unit: |text| Unit::from_word(text).ok_or("unknown unit");
    Kind: |text| kind(text).ok_or("unknown event type");
    SampleRole: |text| role(text).ok_or("unknown role");
    Degrees: |text| degrees(text).ok_or("not degrees");
    Outline: |text| outline(text).ok_or("not a polygon");
    BatchUse: |text| batch_use(text).ok_or("not batch:quantity");
}

/// `SEASON_START` is `season_start`; one word is spelt in another English.
fn kind(text: &str) -> Option<Kind> {
    match text {
        "FERTILIZE" => Some(Kind::Fertilise),
        _ => Kind::from_name(&text.to_lowercase()),
    }
}

/// `recorder` is a right of a device, not a role.
fn role(text: &str) -> Option<SampleRole> {
    let role = match text {
        "recorder" => return Some(SampleRole(None)),
        "lab" => Role::Laboratory,
        "transporter" => Role::Carrier,
        "attester" | "verifier" => Role::Auditor,
        other => Role::from_word(other)?,
    };
    Some(SampleRole(Some(role)))
}

/// The sample lies north of the equator and east of Greenwich.
fn degrees(text: &str) -> Option<Degrees> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 7 {
        return None;
    }
    format!("{whole}{fraction:0<7}").parse().ok().map(Degrees)
}

fn outline(text: &str) -> Option<Outline> {
    let corners = text.strip_prefix("POLYGON((")?.strip_suffix("))")?;
    let corner = |corner: &str| {
        let (longitude, latitude) = corner.split_once(' ')?;
        Some((degrees(longitude)?, degrees(latitude)?))
    };
    corners
        .split(", ")
        .map(corner)
        .collect::<Option<_>>()
        .map(Outline)
}

fn batch_use(text: &str) -> Option<BatchUse> {
    let (batch_id, quantity) = match text.split_once(':') {
        Some((batch_id, quantity)) => (batch_id, Some(Decimal::read(quantity).ok()?)),
        None => (text, None),
    };
    let batch_id = batch_id.to_owned();
    Some(BatchUse { batch_id, quantity })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_the_sample_read() {
        assert_eq!(Degrees::read("10.408500"), Ok(Degrees(104_085_000)));
        assert_eq!(Degrees::read("105.733000"), Ok(Degrees(1_057_330_000)));
        assert!(Degrees::read("105").is_err() && Degrees::read("-1.5").is_err());
        let corner = (Degrees(1_057_320_800), Degrees(104_075_800));
        let outline = Outline::read("POLYGON((105.732080 10.407580, 105.732080 10.407580))");
        assert_eq!(outline, Ok(Outline(vec![corner, corner])));
        assert_eq!(Kind::read("FERTILIZE"), Ok(Kind::Fertilise));
        assert_eq!(Kind::read("SOLD_OUT"), Ok(Kind::SoldOut));
        assert!(Kind::read("EAT").is_err());
        let used = BatchUse::read("B-0102:1846.5");
        assert_eq!(
            used.map(|used| used.quantity),
            Ok(Some(Decimal("1846.5".into())))
        );
    }
}
