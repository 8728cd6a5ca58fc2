//! Between the committed corpus and the folders of libFuzzer: `corpus list`, `corpus unpack <target> <folder>`,
//! `corpus pack <target> <folder>`.

use std::error::Error;
use std::fs;
use std::path::Path;

use fuzz::{TARGETS, Target, corpus};

/// Longest input that is kept: longer ones say little more and make the repository large.
const INPUT_BYTES_MAX: usize = 1_024;
/// Most inputs kept for a target.
const INPUTS_MAX: usize = 48;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["list"] => TARGETS
            .iter()
            .for_each(|target| println!("{}", target.name)),
        ["unpack", target, folder] => unpack(named(target)?, Path::new(folder))?,
        ["pack", target, folder] => pack(named(target)?, Path::new(folder))?,
        _ => return Err("corpus list | unpack <target> <folder> | pack <target> <folder>".into()),
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Target, String> {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.ok_or_else(|| format!("no target {name}"))
}

/// Writes the good inputs and the committed ones as files.
fn unpack(target: &Target, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let inputs = (target.seeds)()
        .into_iter()
        .chain(corpus::read(target.name)?);
    for (number, input) in inputs.enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), input)?;
    }
    Ok(())
}

/// Commits the shortest inputs of a folder that libFuzzer has minimised, evenly spread over their lengths.
fn pack(target: &Target, folder: &Path) -> Result<(), Box<dyn Error>> {
    let seeds = (target.seeds)();
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let input = fs::read(entry?.path())?;
        if input.len() <= INPUT_BYTES_MAX && !seeds.contains(&input) {
            inputs.push(input);
        }
    }
    inputs.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let step = inputs.len().div_ceil(INPUTS_MAX).max(1);
    let kept: Vec<Vec<u8>> = inputs.into_iter().step_by(step).collect();
    fs::write(corpus::file(target.name), corpus::text(&kept))?;
    Ok(())
}
