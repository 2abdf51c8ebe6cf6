//! Values as they are compared: names without titles, companies without what all companies are called, the parts of streets
//! and of phone numbers, and how a word sounds.

use orglet_base::fold;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Words that say of what kind a company is, and nothing about which.
const COMPANY_WORDS: &[&str] = &[
    "ag",
    "bv",
    "co",
    "com",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "inc",
    "incorporated",
    "kg",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "nv",
    "oy",
    "plc",
    "pty",
    "sa",
    "sarl",
    "sas",
    "spa",
    "srl",
    "the",
];
/// Titles and the like before and behind names.
const TITLES: &[&str] = &["dr", "jr", "mr", "mrs", "ms", "prof", "sir", "sr"];
/// Kinds of streets, each with its short forms.
const STREETS: &[&[&str]] = &[
    &["avenue", "ave", "av"],
    &["boulevard", "blvd"],
    &["circle", "cir"],
    &["court", "ct"],
    &["drive", "dr"],
    &["expressway", "expy"],
    &["highway", "hwy"],
    &["lane", "ln"],
    &["parkway", "pkwy"],
    &["place", "pl"],
    &["plaza", "plz"],
    &["road", "rd"],
    &["square", "sq"],
    &["street", "st", "str"],
    &["terrace", "ter"],
    &["trail", "trl"],
    &["way", "wy"],
];
/// What the number of a suite stands behind.
const SUITES: &[&str] = &["apartment", "apt", "floor", "fl", "room", "rm", "ste", "suite", "unit"];
const FIRST_NAMES: &str = include_str!("../../data/first_names.tsv");

/// The longest text that is compared other than exactly, in characters; of a longer one this is the beginning.
const MOST: usize = 255;

/// The words of a text, folded: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = fold(text).chars().take(MOST).map(plain).collect();
    folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// A letter without its accent, where it is one of those that western names have.
fn plain(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

/// A text as exact comparison sees it: without regard to case and to blanks around it.
pub(super) fn exact(text: &str) -> String {
    fold(text.trim()).into_owned()
}

/// The first name alone, without titles and middle names.
pub(super) fn first_name(text: &str) -> String {
    let words = words(text);
    words.iter().find(|w| !TITLES.contains(&w.as_str())).or(words.first()).cloned().unwrap_or_default()
}

/// The name that a short form stands for; others stand for themselves.
pub(super) fn canonical_name(name: &str) -> &str {
    static NAMES: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut names = HashMap::new();
        for line in FIRST_NAMES.lines().filter(|line| !line.starts_with('#')) {
            let mut forms = line.split('\t');
            let Some(whole) = forms.next() else { continue };
            names.insert(whole, whole);
            for form in forms {
                // A form of several names stands for the first that has it, and a name of its own for itself.
                names.entry(form).or_insert(whole);
            }
        }
        names
    });
    names.get(name).copied().unwrap_or(name)
}

/// A last name without what stands behind it.
pub(super) fn last_name(text: &str) -> String {
    let mut words = words(text);
    if words.len() > 1 {
        words.retain(|w| !TITLES.contains(&w.as_str()));
    }
    words.concat()
}

/// The words of a company's name that tell it from others.
pub(super) fn company(text: &str) -> Vec<String> {
    let all = words(text);
    let telling: Vec<String> = all.iter().filter(|w| !COMPANY_WORDS.contains(&w.as_str())).cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// The sections of a phone number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phone {
    pub(super) country: String,
    pub(super) area: String,
    pub(super) exchange: String,
    pub(super) line: String,
}

/// The digits of a phone number, without a country code of North America.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).take(MOST).collect()
}

/// A phone number in sections; the last four digits are the line, the three before them the exchange, and those the area.
pub(super) fn phone(text: &str) -> Phone {
    let digits = digits(text);
    let cut = |from: usize, to: usize| {
        let length = digits.len();
        digits.get(length.saturating_sub(from)..length.saturating_sub(to)).unwrap_or_default().to_owned()
    };
    let country = cut(digits.len(), 10);
    // North America's own code may be left out.
    let country = if country == "1" { String::new() } else { country };
    Phone { country, area: cut(10, 7), exchange: cut(7, 4), line: cut(4, 0) }
}

/// The sections of a street address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Street {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) suite: String,
}

/// A street address in sections: `123 Market Street, Suite 100`.
pub(super) fn street(text: &str) -> Street {
    let mut street = Street::default();
    let mut words = words(&text.replace('#', " suite "));
    if let Some(at) = words.iter().position(|w| SUITES.contains(&w.as_str())) {
        street.suite = words.split_off(at).get(1..).unwrap_or_default().concat();
    }
    if words.first().is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
        street.number = words.remove(0);
    }
    let kind = |word: &String| STREETS.iter().find(|forms| forms.contains(&word.as_str())).map(|forms| forms[0]);
    if words.len() > 1
        && let Some(at) = words.iter().rposition(|w| kind(w).is_some())
    {
        street.kind = kind(&words.remove(at)).unwrap_or_default().to_owned();
    }
    street.name = words.join(" ");
    street
}

/// A ZIP code of the United States: its five digits, and the four behind them if there are any.
pub(super) fn zip(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (five, four) = text.split_once('-').unwrap_or_else(|| text.split_at_checked(5).unwrap_or((text, "")));
    let sound = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    (sound(five, 5) && (four.is_empty() || sound(four, 4))).then_some((five, four))
}

/// The letters and digits of a city's name.
pub(super) fn city(text: &str) -> String {
    words(text).concat()
}

/// How a word sounds in English: its consonants, those that sound alike by one letter, and a vowel where it begins with one
/// (after Lawrence Philips' double metaphone, in few rules).
pub(super) fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).take(MOST).collect();
    let mut code = String::new();
    let mut at = match letters.as_slice() {
        ['k' | 'g' | 'p', 'n', ..] | ['w', 'r', ..] | ['p', 's', ..] => 1,
        _ => 0,
    };
    let start = at;
    while at < letters.len() {
        let c = letters[at];
        let next = letters.get(at + 1).copied().unwrap_or(' ');
        let after = letters.get(at + 2).copied().unwrap_or(' ');
        let before = if at > start { letters[at - 1] } else { ' ' };
        let soft = matches!(next, 'e' | 'i' | 'y');
        if c == before && c != 'c' {
            at += 1;
            continue;
        }
        let ends_soft = matches!(after, 'o' | 'a');
        let (said, used) = match c {
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' => (if at == start { "a" } else { "" }, 1),
            'b' => ("p", 1),
            'c' if next == 'h' && at == start && after == 'r' => ("k", 2),
            'c' if next == 'h' => ("x", 2),
            'c' if next == 'k' => ("k", 2),
            'c' => (if soft { "s" } else { "k" }, 1),
            'd' if next == 'g' && matches!(after, 'e' | 'i' | 'y') => ("j", 2),
            'd' => ("t", 1),
            'g' if next == 'h' && at != start => ("", 2),
            'g' if next == 'n' => ("", 1),
            'g' => (if soft { "j" } else { "k" }, 1),
            'h' => (if at == start && is_vowel(next) { "h" } else { "" }, 1),
            'p' if next == 'h' => ("f", 2),
            'q' => ("k", 1),
            's' if next == 'c' && after == 'h' => ("sk", 3),
            's' if next == 'h' => ("x", 2),
            's' if next == 'i' && ends_soft => ("x", 1),
            't' if next == 'h' => ("0", 2),
            't' if next == 'i' && ends_soft => ("x", 1),
            't' if next == 'c' && after == 'h' => ("", 1),
            'v' => ("f", 1),
            'w' => (if at == start && is_vowel(next) { "w" } else { "" }, 1),
            'x' => (if at == start { "s" } else { "ks" }, 1),
            'z' => ("s", 1),
            other => {
                code.push(other);
                ("", 1)
            }
        };
        code.push_str(said);
        at += used;
    }
    code
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds() {
        for (a, b) in
            [("smith", "smyth"), ("joseph", "josef"), ("johnny", "johny"), ("philip", "filip"), ("knight", "nite"), ("reid", "reed")]
        {
            assert_eq!(sound(a), sound(b), "{a} {b}");
        }
        // Salesforce help, "Standard Contact Matching Rule": the sounds of its examples.
        assert_eq!((sound("doe").as_str(), sound("benioff").as_str()), ("t", "pnf"));
        assert_ne!(sound("smith"), sound("jones"));
        assert_eq!(sound(""), "");
    }

    #[test]
    fn parts() {
        assert_eq!(company("The Acme, Inc."), ["acme"]);
        assert_eq!(company("salesforce.com"), ["salesforce"]);
        assert_eq!(company("Limited Company"), ["limited", "company"]);
        assert_eq!((first_name("Dr. Bob Allen").as_str(), canonical_name("bob")), ("bob", "robert"));
        assert_eq!((canonical_name("jon"), canonical_name("jonathan"), canonical_name("raj")), ("jonathan", "jonathan", "raj"));
        assert_eq!(last_name("O'Brien Jr."), "obrien");
        assert_eq!(phone("+1 (415) 555-1234"), phone("4155551234"));
        assert_eq!(phone("4155551234").area, "415");
        assert_eq!(phone("1234"), Phone { country: "".into(), area: "".into(), exchange: "".into(), line: "1234".into() });
        let whole = Street { number: "123".into(), name: "market".into(), kind: "street".into(), suite: "100".into() };
        assert_eq!(street("123 Market St., Suite 100"), whole);
        assert_eq!(street("123 Market Street #100"), whole);
        assert_eq!(street("Broadway").name, "broadway");
        assert_eq!(zip("94104-1001"), Some(("94104", "1001")));
        assert_eq!(zip("941041001"), Some(("94104", "1001")));
        assert_eq!((zip("94104"), zip("WT15 7TB"), zip("9410é"), zip("")), (Some(("94104", "")), None, None, None));
        assert_eq!(city("São  Paulo"), "saopaulo");
    }
}
