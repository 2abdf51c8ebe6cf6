//! Record ids: 15 case-sensitive base-62 characters, shown with a 3-character checksum as 18.
//!
//! Layout: 3 characters key prefix, 2 instance, 1 reserved (`0`), 9 counter. The checksum is three groups of five
//! characters, bit `k` of a group set when its `k`-th character is `A`–`Z`, printed in `A`–`Z0`–`5`.

use std::fmt;
use std::hash::{Hash, Hasher};

const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The first three characters of an id; they name its object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPrefix(pub [u8; 3]);

impl KeyPrefix {
    /// Reads a prefix of exactly three base-62 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The prefix as a number in base 62: another for every prefix.
    pub fn number(self) -> u64 {
        self.0.iter().fold(0, |number, c| number * 62 + digit(*c))
    }

    /// The prefix of a number; taken modulo 62³.
    pub fn from_number(number: u64) -> Self {
        let digit = |place: u64| DIGITS[(number / place % 62) as usize];
        Self([digit(62 * 62), digit(62), digit(1)])
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("000")
    }
}

impl fmt::Debug for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a base-62 character stands for.
fn digit(c: u8) -> u64 {
    DIGITS.iter().position(|d| *d == c).unwrap_or(0) as u64
}

/// A record id. Equality and order are those of the first 15 characters, case-sensitively.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id([u8; 15]);

/// Its bytes alone: an array would be hashed behind its length, which all ids share.
impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// Not 15 or 18 characters of base 62.
    Shape,
    /// 18 characters whose checksum does not fit the first 15.
    Checksum,
}

impl Id {
    /// The id that stands for "none" (`000000000000000AAA`).
    pub const EMPTY: Id = Id(*b"000000000000000");

    /// Reads 15 or 18 characters. An 18-character form is accepted with its letters in any case (the checksum
    /// restores them), as the platform does.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(IdError::Shape);
        }
        match bytes.len() {
            15 => {
                let mut own = [0; 15];
                own.copy_from_slice(bytes);
                Ok(Self(own))
            }
            18 => {
                let mut own = [0; 15];
                own.copy_from_slice(&bytes[..15]);
                let id = Self(own);
                if id.checksum() == bytes[15..] {
                    return Ok(id);
                }
                id.restore_case(&bytes[15..]).ok_or(IdError::Checksum)
            }
            _ => Err(IdError::Shape),
        }
    }

    /// Rebuilds letter case from a checksum; `None` where the checksum cannot belong to these characters.
    fn restore_case(&self, sum: &[u8]) -> Option<Self> {
        let mut own = self.0;
        for (group, mark) in sum.iter().enumerate() {
            let bits = CHECKSUM.iter().position(|c| *c == mark.to_ascii_uppercase())?;
            for k in 0..5 {
                let c = &mut own[group * 5 + k];
                if bits & (1 << k) != 0 {
                    if !c.is_ascii_alphabetic() {
                        return None;
                    }
                    c.make_ascii_uppercase();
                } else {
                    c.make_ascii_lowercase();
                }
            }
        }
        Some(Self(own))
    }

    /// Builds an id from its parts; `counter` is taken modulo 62⁹.
    pub fn new(prefix: KeyPrefix, instance: [u8; 2], counter: u64) -> Self {
        let mut own = *b"000000000000000";
        own[..3].copy_from_slice(&prefix.0);
        own[3..5].copy_from_slice(&instance);
        let mut rest = counter;
        for slot in own[6..].iter_mut().rev() {
            *slot = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        Self(own)
    }

    /// The key prefix: the first three characters.
    pub fn prefix(&self) -> KeyPrefix {
        KeyPrefix([self.0[0], self.0[1], self.0[2]])
    }

    /// The counter: the last nine of the fifteen characters.
    pub fn counter(&self) -> u64 {
        self.0[6..].iter().fold(0, |counter, c| counter * 62 + digit(*c))
    }

    /// The 15-character form.
    pub fn as_15(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("000000000000000")
    }

    /// The three checksum characters.
    pub fn checksum(&self) -> [u8; 3] {
        let mut sum = [0; 3];
        for (group, mark) in sum.iter_mut().enumerate() {
            let mut bits = 0;
            for k in 0..5 {
                if self.0[group * 5 + k].is_ascii_uppercase() {
                    bits |= 1 << k;
                }
            }
            *mark = CHECKSUM[bits];
        }
        sum
    }

    /// The 18-character form, as every answer shows it.
    pub fn as_18(&self) -> [u8; 18] {
        let mut out = [0; 18];
        out[..15].copy_from_slice(&self.0);
        out[15..].copy_from_slice(&self.checksum());
        out
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_18();
        f.write_str(std::str::from_utf8(&bytes).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_recorded_ids() {
        for text in ["0035d00006bOrFOAA0", "003i000000DsuoGAAR", "0011Y00003I0OpPQAV", "0M0KZ000000rKWm0AM", "0051U000005O0HBQA0"] {
            let id = Id::parse(&text[..15]).unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(Id::parse(text), Ok(id));
            assert_eq!(Id::parse(&text.to_ascii_lowercase()), Ok(id));
        }
    }

    #[test]
    fn shapes_that_are_not_ids() {
        assert_eq!(Id::parse("001"), Err(IdError::Shape));
        assert_eq!(Id::parse("0035d00006bOrF-"), Err(IdError::Shape));
        assert_eq!(Id::parse("0035d00006bOrFOAA9"), Err(IdError::Checksum));
    }

    #[test]
    fn counters_count_in_base_62() {
        let prefix = KeyPrefix::parse("001").unwrap();
        assert_eq!(Id::new(prefix, *b"5g", 61).as_15(), "0015g000000000z");
        let id = Id::new(prefix, *b"5g", 62);
        assert_eq!((id.as_15(), id.counter()), ("0015g0000000010", 62));
    }

    #[test]
    fn prefixes_are_numbers_too() {
        for text in ["000", "001", "a0Z", "zzz"] {
            let prefix = KeyPrefix::parse(text).unwrap();
            assert_eq!(KeyPrefix::from_number(prefix.number()), prefix);
        }
    }
}
