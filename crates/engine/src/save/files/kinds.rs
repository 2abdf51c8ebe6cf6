//! What a file is, by its path.

/// Types that are named as the extension that they have.
const BY_NAME: &[&str] = &[
    "AAC", "ACGI", "AI", "ASF", "AVI", "AVIF", "BMP", "BOXNOTE", "C", "CAF", "CPP", "CSS", "CSV", "DWG", "EPS", "EXE", "GIF", "HTM",
    "HTML", "HTX", "ICS", "INI", "JAR", "JAVA", "JFIF", "JPE", "JPEG", "JPG", "JS", "JSON", "LOG", "M4A", "M4V", "MHTM", "MHTML", "MOV",
    "MP3", "MP4", "MPEG", "MPG", "MSG", "ODP", "ODS", "ODT", "OGG", "OGV", "PDF", "PJP", "PJPEG", "PNG", "PPS", "PPSX", "PSD", "RTF",
    "SHTM", "SHTML", "SNOTE", "SQL", "SVG", "SVGZ", "THTML", "TIF", "TIFF", "USDZ", "VTT", "WAV", "WEBP", "WMA", "WMV", "WRF", "XHTML",
    "XML", "XSN", "ZIP",
];

/// Extensions of types that are named otherwise.
const OTHERWISE: &[(&str, &str)] = &[
    ("3G2", "V3G2"),
    ("3GP", "V3GP"),
    ("DOC", "WORD"),
    ("DOCM", "WORD_M"),
    ("DOCX", "WORD_X"),
    ("DOTX", "WORD_T"),
    ("EML", "RFC822"),
    ("GZ", "GZIP"),
    ("POTX", "POWER_POINT_T"),
    ("PPT", "POWER_POINT"),
    ("PPTM", "POWER_POINT_M"),
    ("PPTX", "POWER_POINT_X"),
    ("SWF", "FLASH"),
    ("TXT", "TEXT"),
    ("VSD", "VISIO"),
    ("XLS", "EXCEL"),
    ("XLSM", "EXCEL_M"),
    ("XLSX", "EXCEL_X"),
    ("XLTX", "EXCEL_T"),
];

/// The last part of a path, on whatever system it was written.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The extension of a path, where its name has one.
pub(super) fn extension(path: &str) -> Option<&str> {
    let (name, extension) = base_name(path).rsplit_once('.')?;
    (!name.is_empty() && !extension.is_empty()).then_some(extension)
}

/// The title of a file that is given none: its name without the extension.
pub(super) fn title(path: &str) -> &str {
    let name = base_name(path);
    extension(path).and_then(|ext| name.strip_suffix(ext)?.strip_suffix('.')).unwrap_or(name)
}

/// The `FileType` of an extension.
pub(super) fn file_type(extension: Option<&str>) -> &'static str {
    let Some(extension) = extension.map(str::to_ascii_uppercase) else { return "UNKNOWN" };
    let otherwise = || OTHERWISE.iter().find(|(known, _)| *known == extension).map(|(_, name)| *name);
    BY_NAME.iter().copied().find(|known| *known == extension).or_else(otherwise).unwrap_or("UNKNOWN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_title_extension_and_type() {
        for (path, name, ext, ty) in [
            ("notes.txt", "notes", Some("txt"), "TEXT"),
            ("/home/me/Q1.2026.PDF", "Q1.2026", Some("PDF"), "PDF"),
            ("C:\\work\\plan.docx", "plan", Some("docx"), "WORD_X"),
            ("a.b/readme", "readme", None, "UNKNOWN"),
            (".profile", ".profile", None, "UNKNOWN"),
            ("odd.", "odd.", None, "UNKNOWN"),
            ("x.zzz", "x", Some("zzz"), "UNKNOWN"),
        ] {
            assert_eq!((title(path), extension(path), file_type(extension(path))), (name, ext, ty), "{path}");
        }
    }
}
