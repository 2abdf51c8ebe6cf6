//! Words of texts and of search terms: what counts as one, and whether one fits another.
//!
//! A word is a run of letters or a run of digits; all else parts words, and so does a change from letters to digits.
//! Where a script writes no blanks between words, each character is a word, so that what is looked for is found as a
//! sequence of characters. Letter case does not count.

use orglet_base::fold::fold_char;
use orglet_syntax::sosl::ast::TermChar;
use std::ops::Range;

/// Bytes of the longest word that is looked at.
const LONGEST: usize = 1024;

/// Bytes within which an entity of a rich text ends.
const ENTITY: usize = 10;

/// What a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Letters,
    Digits,
    /// One character of a script without blanks.
    Single,
}

fn class(c: char) -> Option<Class> {
    match c {
        'a'..='z' | 'A'..='Z' => Some(Class::Letters),
        '0'..='9' => Some(Class::Digits),
        c if c.is_ascii() => None,
        // Marks that go with the letter before them.
        '\u{300}'..='\u{36f}' => Some(Class::Letters),
        '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' => Some(Class::Single),
        '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}' => Some(Class::Single),
        c if c.is_alphabetic() => Some(Class::Letters),
        c if c.is_numeric() => Some(Class::Digits),
        _ => None,
    }
}

/// The words of a text, as ranges of bytes. Of a rich text, tags and entities are no part.
pub(super) fn words(text: &str, rich: bool) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut last: Option<Class> = None;
    let mut skip_to = 0;
    // Whether a tag may still end: where no `>` follows one place, none follows a later one. Texts are gone through once.
    let mut tags = rich;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        if rich && (c == '<' || c == '&') {
            let end = match c {
                '<' if tags => text[at..].find('>'),
                '<' => None,
                _ => text.as_bytes()[at..].iter().take(ENTITY).position(|b| *b == b';'),
            };
            tags = tags && (c != '<' || end.is_some());
            if let Some(end) = end {
                skip_to = at + end + 1;
                last = None;
                continue;
            }
        }
        let found = class(c);
        match (found, last, out.last_mut()) {
            (Some(class), Some(before), Some(word)) if class == before && class != Class::Single => word.end = at + c.len_utf8(),
            (Some(_), ..) => out.push(at..at + c.len_utf8()),
            (None, ..) => {}
        }
        last = found;
    }
    out
}

/// A word as it is looked for: folded characters and wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WordPattern {
    pub class: Class,
    pub chars: Vec<TermChar>,
}

impl WordPattern {
    /// Whether a word fits.
    pub(super) fn fits(&self, word: &str) -> bool {
        if word.len() > LONGEST {
            return false;
        }
        let mut text = word.chars().map(fold_char);
        // As a rule there is no wildcard before the first character that differs.
        for (i, c) in self.chars.iter().enumerate() {
            match c {
                TermChar::Char(c) if text.next() == Some(*c) => {}
                TermChar::Char(_) => return false,
                _ => return wild(&self.chars[i..], &text.collect::<Vec<_>>()),
            }
        }
        text.next().is_none()
    }

    fn is_wild(&self) -> bool {
        self.chars.iter().any(|c| !matches!(c, TermChar::Char(_)))
    }
}

/// Whether a text fits a pattern; takes as many steps as the product of their lengths at most.
fn wild(pattern: &[TermChar], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(TermChar::Any) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(TermChar::One) => (p, t) = (p + 1, t + 1),
            Some(TermChar::Char(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    (p, t) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == TermChar::Any)
}

/// What a term looks for: words that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase(pub Vec<WordPattern>);

/// What a term's characters mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing but punctuation.
    Nothing,
    /// Nothing but wildcards: any record.
    Everything,
    Words(Phrase),
}

/// The words of a term. A wildcard takes on the class of the character before it; at the begin of a word it is passed
/// over.
pub(super) fn phrase(chars: &[TermChar]) -> Meaning {
    let mut out: Vec<WordPattern> = Vec::new();
    let mut open = false;
    for c in chars {
        match c {
            TermChar::Char(c) => {
                let found = class(*c);
                let folded = TermChar::Char(fold_char(*c));
                match (found, out.last_mut()) {
                    (Some(class), Some(word)) if open && word.class == class && class != Class::Single => word.chars.push(folded),
                    (Some(class), _) => out.push(WordPattern { class, chars: vec![folded] }),
                    (None, _) => {}
                }
                open = found.is_some();
            }
            wildcard => {
                if let Some(word) = out.last_mut().filter(|_| open) {
                    word.chars.push(*wildcard);
                }
            }
        }
    }
    if !out.is_empty() {
        return Meaning::Words(Phrase(out));
    }
    let only_wild = !chars.is_empty() && chars.iter().all(|c| !matches!(c, TermChar::Char(_)));
    if only_wild { Meaning::Everything } else { Meaning::Nothing }
}

impl Phrase {
    /// Whether a word holds a wildcard.
    pub(super) fn is_wild(&self) -> bool {
        self.0.iter().any(WordPattern::is_wild)
    }

    /// The one run of digits that is looked for, if it is that.
    pub(super) fn number(&self) -> Option<&WordPattern> {
        match self.0.as_slice() {
            [word] if word.class == Class::Digits => Some(word),
            _ => None,
        }
    }

    /// The places in a text, as indexes of its words, where the phrase begins.
    pub(super) fn places<'a>(&'a self, text: &'a str, words: &'a [Range<usize>]) -> impl Iterator<Item = usize> + 'a {
        let fits = move |start: usize| self.0.iter().zip(&words[start..]).all(|(pattern, word)| pattern.fits(&text[word.clone()]));
        (0..(words.len() + 1).saturating_sub(self.0.len())).filter(move |start| fits(*start))
    }

    /// A pattern of LIKE that every text with the phrase fits. `loose` lets anything stand between the characters.
    pub(super) fn like(&self, loose: bool) -> String {
        let mut out = String::from("%");
        for word in &self.0 {
            for c in &word.chars {
                match c {
                    TermChar::Char(c) => {
                        out.push(*c);
                        if loose {
                            out.push('%');
                        }
                    }
                    TermChar::One => out.push('_'),
                    TermChar::Any => out.push('%'),
                }
            }
            out.push('%');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, rich: bool) -> Vec<&str> {
        words(text, rich).into_iter().map(|r| &text[r]).collect()
    }

    fn term(text: &str) -> Vec<TermChar> {
        text.chars()
            .map(|c| match c {
                '*' => TermChar::Any,
                '?' => TermChar::One,
                c => TermChar::Char(c),
            })
            .collect()
    }

    fn found(what: &str, text: &str) -> bool {
        match phrase(&term(what)) {
            Meaning::Words(p) => p.places(text, &words(text, false)).next().is_some(),
            Meaning::Everything => true,
            Meaning::Nothing => false,
        }
    }

    #[test]
    fn texts_are_cut_into_words() {
        assert_eq!(cut("Joe.Smith@x-y.com, O'Brien", false), ["Joe", "Smith", "x", "y", "com", "O", "Brien"]);
        assert_eq!(cut("blue12 R2D2 (415) 555", false), ["blue", "12", "R", "2", "D", "2", "415", "555"]);
        assert_eq!(cut("東京Tower é", false), ["東", "京", "Tower", "é"]);
        assert_eq!(cut("<p>Joe&nbsp;<b>S</b>mith</p> a<b", true), ["Joe", "S", "mith", "a", "b"]);
        assert_eq!(cut("a<b>c<d&amp;e>f<g &h; &toolongone;", true), ["a", "c", "f", "g", "toolongone"]);
        assert!(cut(" -_!", false).is_empty());
    }

    #[test]
    fn texts_full_of_marks_take_no_longer() {
        let started = std::time::Instant::now();
        for mark in ["<", "&", "<&"] {
            assert!(words(&mark.repeat(1_000_000), true).is_empty());
        }
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }

    #[test]
    fn words_fit_patterns() {
        for (what, text, yes) in [
            ("joe", "JOE Smith", true),
            ("jo", "Joe", false),
            ("joh*", "Johnny", true),
            ("joh*", "Joh", true),
            ("jo?n", "Joan", true),
            ("jo?n", "Jon", false),
            ("aa*a", "aabcda", true),
            ("aa*a", "aa2a", false),
            ("1?3", "1a3", false),
            ("12", "blue12", true),
            ("blue1", "blue12", false),
            ("blue1*", "blue12", true),
            ("acme.com", "www.ACME.com", true),
            ("acme.com", "com acme", false),
            ("*smith", "Smith", true),
            ("*smith", "Blacksmith", false),
            ("京都", "東京都", true),
            ("**", "x", true),
            ("&", "a & b", false),
            ("\u{212a}elvin", "kelvin", true),
        ] {
            assert_eq!(found(what, text), yes, "{what} in {text}");
        }
    }

    #[test]
    fn like_is_wider_than_the_phrase() {
        let Meaning::Words(p) = phrase(&term("jo?n sm*th 12")) else { panic!("words") };
        assert_eq!(p.like(false), "%jo_n%sm%th%12%");
        assert_eq!(p.like(true), "%j%o%_n%%s%m%%t%h%%1%2%%");
    }
}
