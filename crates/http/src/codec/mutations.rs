//! Damaged bodies for the tests of the parsers.

/// Hands 20,000 damaged forms of a body to the test: bytes changed, removed, put in (of the alphabet) and cut off. The
/// same ones at every run.
pub(crate) fn each(body: &str, alphabet: &[u8], mut test: impl FnMut(&[u8])) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = body.as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len().max(1));
            if bytes.is_empty() {
                break;
            }
            match random(4) {
                0 => bytes[at] = random(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, alphabet[random(alphabet.len())]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        test(&bytes);
    }
}
