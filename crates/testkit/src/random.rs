//! Random choices that a seed brings back: a round that failed can be run again.

/// A stream of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed and of a place in the run: streams of different places have nothing to do with each other.
    pub fn new(seed: u64, place: &[u64]) -> Random {
        let mut random = Random(seed);
        for part in place {
            random = Random(random.next() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        }
        random
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// One of a list; `None` when it is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(usize::try_from(self.below(list.len() as u64)).unwrap_or(0))
    }

    /// A text of `length` letters, some of which take more than one byte.
    pub fn text(&mut self, length: u64) -> String {
        const LETTERS: [char; 20] =
            ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'K', 'L', 'M', 'N', ' ', '\'', '"', '\\', 'é', 'ß', '語', '😀'];
        // A space at either end would be trimmed by the save, as the platform does.
        let middle: String = (0..length).filter_map(|_| self.pick(&LETTERS).copied()).collect();
        format!("<{middle}>")
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
