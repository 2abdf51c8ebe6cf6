//! API versions: v31.0 to v68.0, each with the label that the versions resource shows.

use std::fmt;

/// An API version; `ApiVersion(62)` is v62.0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ApiVersion(pub u16);

/// What a version segment of a URL turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VersionSegment {
    /// A version that is served.
    Served(ApiVersion),
    /// A version that has been retired (7.0–30.0): 410.
    Retired(u16),
    /// Not a version of the platform: 404.
    Unknown,
}

impl ApiVersion {
    /// The oldest version served; older ones are retired.
    pub const OLDEST: ApiVersion = ApiVersion(31);
    /// The newest version served; `latest` in a URL means this one.
    pub const LATEST: ApiVersion = ApiVersion(68);

    /// Every version served, ascending.
    pub fn all() -> impl Iterator<Item = ApiVersion> {
        (Self::OLDEST.0..=Self::LATEST.0).map(ApiVersion)
    }

    /// Reads `62.0`.
    pub fn parse_number(text: &str) -> VersionSegment {
        let Some(major) = text.strip_suffix(".0") else { return VersionSegment::Unknown };
        if major.is_empty() || major.len() > 3 || major.starts_with('0') || !major.bytes().all(|b| b.is_ascii_digit()) {
            return VersionSegment::Unknown;
        }
        match major.parse::<u16>() {
            Ok(n) if (Self::OLDEST.0..=Self::LATEST.0).contains(&n) => VersionSegment::Served(ApiVersion(n)),
            Ok(n) if (7..Self::OLDEST.0).contains(&n) => VersionSegment::Retired(n),
            _ => VersionSegment::Unknown,
        }
    }

    /// Reads the version segment of a REST URL: `v62.0` or `latest`.
    pub fn parse_segment(text: &str) -> VersionSegment {
        if text == "latest" {
            return VersionSegment::Served(Self::LATEST);
        }
        text.strip_prefix('v').map_or(VersionSegment::Unknown, Self::parse_number)
    }

    /// The release's name: three a year, `Spring 'YY`, `Summer 'YY`, `Winter 'YY+1`. The label of 42.0 has a
    /// typographic apostrophe on the wire.
    pub fn label(self) -> String {
        // v31.0 is Summer '14.
        let n = self.0 - 31;
        let (season, year) = match n % 3 {
            0 => ("Summer", 14 + n / 3),
            1 => ("Winter", 15 + n / 3),
            _ => ("Spring", 15 + n / 3),
        };
        let apostrophe = if self.0 == 42 { '\u{2019}' } else { '\'' };
        format!("{season} {apostrophe}{year}")
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        f.write_str(".0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_documented_table() {
        for (n, label) in [
            (31, "Summer '14"),
            (32, "Winter '15"),
            (33, "Spring '15"),
            (42, "Spring \u{2019}18"),
            (60, "Spring '24"),
            (61, "Summer '24"),
            (68, "Winter '27"),
        ] {
            assert_eq!(ApiVersion(n).label(), label);
        }
    }

    #[test]
    fn segments() {
        assert_eq!(ApiVersion::parse_segment("v62.0"), VersionSegment::Served(ApiVersion(62)));
        assert_eq!(ApiVersion::parse_segment("latest"), VersionSegment::Served(ApiVersion(68)));
        assert_eq!(ApiVersion::parse_segment("v30.0"), VersionSegment::Retired(30));
        for bad in ["v38", "viAmABadVersion", "v69.0", "v062.0", "62.0", "v6.0"] {
            assert_eq!(ApiVersion::parse_segment(bad), VersionSegment::Unknown, "{bad}");
        }
    }
}
