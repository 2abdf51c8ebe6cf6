//! Takes the cases into the program: each file of `contract/` by its name.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../contract");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&root)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            for file in fs::read_dir(&path)? {
                files.push(file?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut out = String::from("/// The files of the contract: name and text.\npub static FILES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        println!("cargo::rerun-if-changed={}", file.display());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "    ({name:?}, include_str!({:?})),", file.canonicalize()?.display().to_string());
    }
    out.push_str("];\n");
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("files.rs"), out)
}
