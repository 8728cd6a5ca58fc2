//! Notes that others signed, read by our own code: `answers/<referee>/{note,vkeys}`. In `vkeys` the first line is the
//! log's key; the others are witnesses, some of which may sign with ML-DSA-44.

use std::error::Error;
use std::fs;
use std::path::Path;

use ledger_core::note::Note;
use ledger_core::policy::Policy;

use crate::Outcome;

/// Says agree or disagree for each answer; the error counts the disagreements.
pub fn check(folder: &Path) -> Outcome {
    let answers = folder.join("answers");
    if !answers.exists() {
        println!("ours: no referee signed anything");
        return Ok(());
    }
    let mut disagreements = 0;
    for entry in fs::read_dir(answers)? {
        let folder = entry?.path();
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        match check_one(&folder) {
            Ok(said) => println!("agree     ours on {name}: {said}"),
            Err(why) => {
                disagreements += 1;
                println!("DISAGREE  ours on {name}: {why}");
            }
        }
    }
    if disagreements == 0 {
        Ok(())
    } else {
        Err(format!("{disagreements} answers refused").into())
    }
}

/// The note holds under a policy of its keys; a changed one does not.
fn check_one(folder: &Path) -> Result<String, Box<dyn Error>> {
    let vkeys = fs::read_to_string(folder.join("vkeys"))?;
    let mut text = String::new();
    for (number, vkey) in vkeys.lines().enumerate() {
        text += &if number == 0 {
            format!("log {vkey}\n")
        } else {
            format!("witness w{number} {vkey}\n")
        };
    }
    let policy = Policy::parse(&(text + "quorum none\n"))?;
    let bytes = fs::read(folder.join("note"))?;
    let note = Note::parse(&bytes)?;
    let evaluation = policy.evaluate(&note)?;
    let cosigned = evaluation.cosigned_by().count();
    if cosigned != policy.witnesses().count() {
        return Err(format!("{cosigned} cosignatures hold").into());
    }
    let changed = Note::new(note.text().replacen('\n', "\n1", 1), note.lines().to_vec())?;
    if policy.evaluate(&changed).is_ok() {
        return Err("a changed note holds".into());
    }
    let foreign = policy.definitions().len() - policy.witnesses().count();
    Ok(format!(
        "the log's signature holds, {cosigned} cosignatures do, {foreign} of type 0x06 are passed over"
    ))
}
