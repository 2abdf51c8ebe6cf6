//! Archives of files: read within bounds, and written.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Files of an archive (documented limit of a deployment).
pub const MOST_FILES: usize = 10_000;
/// Bytes of an archive (documented: 39 MB).
pub const MOST_ZIPPED: usize = 39 << 20;
/// Bytes of all its files together (documented: 400 MB).
pub const MOST_UNZIPPED: u64 = 400 << 20;
/// Bytes of a path.
const LONGEST_PATH: usize = 1024;
/// How a header in the directory of an archive begins.
const HEADER: &[u8] = b"PK\x01\x02";
/// How the end of an archive begins.
const END: &[u8] = b"PK\x05\x06";

/// The files of an archive.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Those whose content is asked for, by their paths.
    pub(super) read: BTreeMap<PathBuf, Vec<u8>>,
    /// The paths of all others.
    pub(super) others: Vec<PathBuf>,
}

/// Reads an archive. Of files that are not `wanted` only the paths are looked at.
///
/// # Errors
/// A sentence: it is no archive, it is beyond the limits, or a path leads out of it or is there twice.
pub(super) fn read(bytes: &[u8], wanted: impl Fn(&Path) -> bool) -> Result<Files, String> {
    if bytes.len() > MOST_ZIPPED {
        return Err(format!("The zip file is larger than {MOST_ZIPPED} bytes"));
    }
    let too_many = || format!("The zip file has more than {MOST_FILES} files");
    // The directory is read whole before the number of files is known; folders have entries there too.
    if bytes.windows(HEADER.len()).filter(|at| *at == HEADER).count() > 2 * MOST_FILES {
        return Err(too_many());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("The zip file cannot be read: {e}"))?;
    // Of entries of one name the reader knows the last alone.
    if entries(bytes).is_some_and(|told| told > archive.len()) {
        return Err("The zip file has a path twice".to_owned());
    }
    let mut files = Files::default();
    let mut seen = std::collections::HashSet::new();
    let mut left = MOST_UNZIPPED;
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(|e| format!("The zip file cannot be read: {e}"))?;
        let name = entry.name().map_err(|e| format!("The zip file cannot be read: {e}"))?.into_owned();
        if entry.is_dir() {
            continue;
        }
        let path = sound(&name).ok_or_else(|| format!("The zip file has a path that cannot be used: {}", name.escape_debug()))?;
        if !seen.insert(path.clone()) {
            return Err(format!("The zip file has {name} twice"));
        }
        if seen.len() > MOST_FILES {
            return Err(too_many());
        }
        if !wanted(&path) {
            files.others.push(path);
            continue;
        }
        let mut content = Vec::new();
        // What its header says of its size is not relied upon.
        let read = entry.take(left + 1).read_to_end(&mut content).map_err(|e| format!("{name} cannot be read: {e}"))?;
        left = left.checked_sub(read as u64).ok_or_else(|| format!("The files are larger than {MOST_UNZIPPED} bytes together"))?;
        files.read.insert(path, content);
    }
    Ok(files)
}

/// How many entries the end of an archive tells; `None` where it tells that elsewhere.
fn entries(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(END.len()).rposition(|at| at == END)?;
    let told = bytes.get(end + 10..end + 12)?;
    let told = usize::from(u16::from_le_bytes([told[0], told[1]]));
    (told != usize::from(u16::MAX)).then_some(told)
}

/// A path that stays inside, of plain names.
fn sound(name: &str) -> Option<PathBuf> {
    let is_plain = !name.is_empty() && name.len() <= LONGEST_PATH && !name.contains(['\\', '\0', ':']);
    let path = PathBuf::from(name);
    (is_plain && path.components().all(|part| matches!(part, Component::Normal(_)))).then_some(path)
}

/// Writes an archive.
pub(super) fn write(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, content) in files {
        writer.start_file(path.as_str(), options).map_err(|e| e.to_string())?;
        writer.write_all(content).map_err(|e| e.to_string())?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(_: &Path) -> bool {
        true
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = write(&[("package.xml".into(), b"<a/>".to_vec()), ("objects/X__c.object".into(), vec![7; 5000])]).unwrap();
        let files = read(&bytes, |path| path.ends_with("package.xml")).unwrap();
        assert_eq!(files.read[Path::new("package.xml")], b"<a/>");
        assert_eq!(files.others, [PathBuf::from("objects/X__c.object")]);
    }

    #[test]
    fn paths_stay_inside() {
        for bad in ["../a", "a/../../b", "/a", "a\\b", "C:a", ""] {
            assert!(sound(bad).is_none(), "{bad}");
        }
        let bytes = write(&[("../a".into(), vec![])]).unwrap();
        assert!(read(&bytes, all).unwrap_err().contains("path"));
    }

    #[test]
    fn names_are_there_once() {
        let bytes = write(&[("a1".into(), b"x".to_vec()), ("a2".into(), b"y".to_vec())]).unwrap();
        assert!(read(&bytes, all).is_ok());
        let mut twice = bytes.clone();
        while let Some(at) = twice.windows(2).position(|at| at == b"a2") {
            twice[at + 1] = b'1';
        }
        assert!(read(&twice, all).unwrap_err().contains("twice"));
    }

    #[test]
    fn any_bytes_are_refused_or_read() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let sound = write(&[("package.xml".into(), b"<a/>".repeat(50)), ("b/c.d".into(), b"x".repeat(300))]).unwrap();
        for _ in 0..2000 {
            let mut bytes = sound.clone();
            for _ in 0..=random() % 4 {
                let at = (random() % bytes.len() as u64) as usize;
                bytes[at] = random() as u8;
            }
            bytes.truncate(bytes.len() - (random() % 3) as usize);
            let _ = read(&bytes, all);
        }
        assert!(read(b"", all).is_err());
        assert!(read(b"PK", all).is_err());
    }

    #[test]
    fn inflating_is_bounded() {
        let big = vec![(String::from("a"), vec![0; 210 << 20]), (String::from("b"), vec![0; 210 << 20])];
        let bytes = write(&big).unwrap();
        assert!(bytes.len() < MOST_ZIPPED);
        assert!(read(&bytes, all).unwrap_err().contains("larger"));
    }

    #[test]
    fn files_are_counted() {
        let many: Vec<(String, Vec<u8>)> = (0..=MOST_FILES).map(|n| (format!("a/{n}"), Vec::new())).collect();
        assert!(read(&write(&many).unwrap(), all).unwrap_err().contains("more than"));
        assert!(read(&HEADER.repeat(2 * MOST_FILES + 1), all).unwrap_err().contains("more than"));
    }
}
