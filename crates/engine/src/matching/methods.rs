//! Whether two values match, by the platform's methods: each has algorithms, a way to make one score of theirs, and the least
//! score of a match (Salesforce help, "Matching Methods Used in Matching Rules", "Matching Algorithms Used with Matching
//! Methods"). The help names the algorithms and shows what some of them answer; how they compute is our own.

use super::text;
use orglet_schema::custom::part::MatchingMethod;
use strsim::{jaro_winkler, normalized_levenshtein};

/// Whether two texts match. Both have something in them.
pub(super) fn matches(method: MatchingMethod, a: &str, b: &str) -> bool {
    if text::exact(a) == text::exact(b) {
        // ZIP codes of other countries match by no method but the exact one (Salesforce knowledge article 000247089).
        return method != MatchingMethod::Zip || text::zip(a).is_some();
    }
    match method {
        MatchingMethod::Exact => false,
        MatchingMethod::FirstName => first_name(&text::first_name(a), &text::first_name(b)) >= 85.0,
        MatchingMethod::LastName => last_name(&text::last_name(a), &text::last_name(b)) >= 90.0,
        MatchingMethod::CompanyName => company(&text::company(a), &text::company(b)) >= 70.0,
        MatchingMethod::Phone => phone(a, b) >= 80.0,
        MatchingMethod::City => similar(&text::city(a), &text::city(b)) >= 85.0,
        MatchingMethod::Street => street(a, b) >= 80.0,
        MatchingMethod::Zip => zip(a, b) >= 80.0,
        MatchingMethod::Title => title(&text::words(a), &text::words(b)) >= 50.0,
    }
}

/// 0 to 100 by the number of edits.
fn similar(a: &str, b: &str) -> f64 {
    if a.is_empty() || b.is_empty() { 0.0 } else { 100.0 * normalized_levenshtein(a, b) }
}

/// Exact, initials, Jaro-Winkler, name variant.
fn first_name(a: &str, b: &str) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let initial = |short: &str, long: &str| short.chars().count() == 1 && long.starts_with(short);
    if a == b || initial(a, b) || initial(b, a) || text::canonical_name(a) == text::canonical_name(b) {
        return 100.0;
    }
    100.0 * jaro_winkler(a, b)
}

/// Exact, keyboard distance, metaphone.
fn last_name(a: &str, b: &str) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (x, y) = (text::sound(a), text::sound(b));
    if a == b || !x.is_empty() && x == y {
        return 100.0;
    }
    keyboard(a, b)
}

/// The edit distance where another letter costs half when its key lies beside.
fn keyboard(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<f64> = (0..=b.len()).map(|n| n as f64).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = (i + 1) as f64;
        for (j, y) in b.iter().enumerate() {
            let other = if x == y {
                0.0
            } else if beside(*x, *y) {
                0.5
            } else {
                1.0
            };
            let best = (corner + other).min(row[j] + 1.0).min(row[j + 1] + 1.0);
            corner = row[j + 1];
            row[j + 1] = best;
        }
    }
    let longest = a.len().max(b.len()).max(1) as f64;
    100.0 * (1.0 - row[b.len()] / longest)
}

fn beside(a: char, b: char) -> bool {
    const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let place = |c: char| ROWS.iter().enumerate().find_map(|(row, keys)| Some((row, keys.find(c)?)));
    match (place(a), place(b)) {
        (Some((r, x)), Some((s, y))) => r.abs_diff(s) <= 1 && x.abs_diff(y) <= 1,
        _ => false,
    }
}

/// Acronym, exact, alignment of syllables.
fn company(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    if a == b || acronym(a, b) || acronym(b, a) {
        return 100.0;
    }
    let (x, y) = (syllables(a), syllables(b));
    let aligned = 100.0 * strsim::generic_levenshtein(&x, &y) as f64 / x.len().max(y.len()).max(1) as f64;
    (100.0 - aligned).max(similar(&a.join(" "), &b.join(" ")))
}

/// Whether one word is the first letters of several.
fn acronym(short: &[String], long: &[String]) -> bool {
    let [short] = short else { return false };
    long.len() > 1 && short.chars().eq(long.iter().filter_map(|w| w.chars().next()))
}

/// The syllables of words, as they sound.
fn syllables(words: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for word in words {
        let mut syllable = String::new();
        let mut open = false;
        for c in word.chars() {
            let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
            if !vowel && open && !syllable.is_empty() {
                all.push(std::mem::take(&mut syllable));
            }
            open = vowel;
            syllable.push(c);
        }
        if !syllable.is_empty() {
            all.push(syllable);
        }
    }
    all
}

/// By sections: country 10 %, area 50 %, the next three digits 30 %, the last four 10 %.
fn phone(a: &str, b: &str) -> f64 {
    let (x, y) = (text::phone(a), text::phone(b));
    if text::digits(a).is_empty() || text::digits(b).is_empty() {
        return 0.0;
    }
    let score = |same: bool, weight: f64| if same { weight } else { 0.0 };
    score(x.country == y.country, 10.0)
        + score(x.area == y.area, 50.0)
        + score(x.exchange == y.exchange, 30.0)
        + score(x.line == y.line, 10.0)
}

/// By sections: name 50 % by edit distance, number 20 %, kind 15 %, suite 15 %.
fn street(a: &str, b: &str) -> f64 {
    let (x, y) = (text::street(a), text::street(b));
    let score = |a: &str, b: &str, weight: f64| if a == b { weight } else { 0.0 };
    let name = if x.name == y.name { 100.0 } else { similar(&x.name, &y.name) };
    name / 2.0 + score(&x.number, &y.number, 20.0) + score(&x.kind, &y.kind, 15.0) + score(&x.suite, &y.suite, 15.0)
}

/// By sections: the first five digits 90 %, the next four 10 %.
fn zip(a: &str, b: &str) -> f64 {
    match (text::zip(a), text::zip(b)) {
        (Some(x), Some(y)) => f64::from(u8::from(x.0 == y.0)) * 90.0 + f64::from(u8::from(x.1 == y.1)) * 10.0,
        _ => 0.0,
    }
}

/// Acronym, exact, share of common words.
fn title(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    if acronym(a, b) || acronym(b, a) {
        return 100.0;
    }
    let common = a.iter().filter(|w| b.contains(w)).count() as f64;
    let all = a.len() as f64 + b.iter().filter(|w| !a.contains(w)).count() as f64;
    100.0 * common / all
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchingMethod::{City, CompanyName, Exact, FirstName, LastName, Phone, Street, Title, Zip};

    /// Examples of the help and of its articles, and what follows from the sections and thresholds that it tells.
    #[test]
    fn methods_match_as_documented() {
        for (method, a, b, expected) in [
            (Exact, " Salesforce", "salesforce ", true),
            (Exact, "salesforce.com", "Salesforce", false),
            (FirstName, "Jonathan", "J", true),
            (FirstName, "Johnny", "Johny", true),
            (FirstName, "Bob", "Robert", true),
            (FirstName, "Bob", "Bill", false),
            (FirstName, "Robert Allen", "Robert James", true),
            (LastName, "Smith", "Smyth", true),
            (LastName, "Joseph", "Josef", true),
            (LastName, "Smith", "Jones", false),
            (CompanyName, "Acme Inc.", "Acme Corporation", true),
            (CompanyName, "Advanced Micro Devices", "AMD", true),
            (CompanyName, "Department of Energy", "Department of Labor", true),
            (CompanyName, "Acme", "Globex", false),
            (Phone, "1-415-555-1234", "1-415-555-5678", true),
            (Phone, "415-555-1234", "(415) 555 1234", true),
            (Phone, "415-555-1234", "212-555-1234", false),
            (Street, "123 Market Street, Suite 100", "123 Market Drive, Suite 300", false),
            (Street, "123 Market Street", "123 Market St.", true),
            (Zip, "94104-1001", "94104", true),
            (Zip, "WT15 7TB", "WT15 7TB", false),
            (City, "San Francisco", "San Fransisco", true),
            (City, "Berlin", "Bern", false),
            (Title, "Director of Engineering", "Engineering Director", true),
            (Title, "Vice President", "VP", true),
            (Title, "Janitor", "Chief Executive Officer", false),
        ] {
            assert_eq!(matches(method, a, b), expected, "{method:?} {a} {b}");
            assert_eq!(matches(method, b, a), expected, "{method:?} {b} {a}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        let odd = ["", " ", "#", "-", "é", "\u{1F980}", "1", "0000000000000000", "a\u{301}", "İ", "ß ss", "\u{0}", &"xy ".repeat(5000)];
        for method in [Exact, FirstName, LastName, CompanyName, Phone, City, Street, Zip, Title] {
            for a in odd {
                for b in odd {
                    assert_eq!(matches(method, a, b), matches(method, b, a), "{method:?} {a:?} {b:?}");
                }
            }
        }
    }
}
