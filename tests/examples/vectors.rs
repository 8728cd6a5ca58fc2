//! Writes `ledger-core/vectors/` anew. Run it after a deliberate change of the formats; the diff is the change.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tests::vectors::folder();
    std::fs::create_dir_all(&folder)?;
    for vector in tests::vectors::make()? {
        let text = serde_json::to_string_pretty(&vector)? + "\n";
        std::fs::write(folder.join(format!("{}.json", vector.name)), text)?;
        println!("{:24} {}", vector.name, vector.case.summary());
    }
    Ok(())
}
