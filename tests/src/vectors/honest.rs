//! Every finished batch of the sample, honestly served.

use super::Story;

/// The batches of the sample's `expectations.csv`.
const BATCHES: [&str; 13] = [
    "B-0105", "B-0204", "B-0304", "B-0402", "B-0502", "B-0602", "B-0706", "B-0803", "B-0804",
    "B-0904", "B-1004", "B-1102", "B-1205",
];

pub fn stories() -> Vec<Story> {
    let story = |batch: &'static str| {
        let name = format!("story_{}", batch.to_lowercase().replace('-', "_"));
        let shows = "a finished batch of the sample, honestly served";
        Story::new(&name, shows, move |base| base.changed(batch, |_| ()))
    };
    BATCHES.into_iter().map(story).collect()
}
