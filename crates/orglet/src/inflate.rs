//! Inflating request bodies as they arrive. The whole stream counts: a body that is cut off, goes on behind its end or
//! fails its checksum is refused, never shortened; gzip of several members is read to the last.

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{self, Write};

/// The encodings of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Encoding {
    Gzip,
    /// Zlib's form, as documented, or bare deflate, as some clients send.
    Deflate,
}

/// Why a body can't be inflated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InflateFault {
    /// It would be longer than the limit.
    TooLarge,
    /// It is not what it says, or not whole.
    Broken,
}

/// A body being inflated.
pub(crate) enum Inflater {
    Gzip(Box<MultiGzDecoder<Bounded>>),
    Deflate(Deflate),
}

impl Inflater {
    /// An inflater that gives no more than `limit` bytes.
    pub(crate) fn new(encoding: Encoding, limit: usize) -> Self {
        let out = Bounded { bytes: Vec::new(), limit, over: false };
        match encoding {
            Encoding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(out))),
            Encoding::Deflate => Self::Deflate(Deflate { state: None, ended: false, out }),
        }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, input: &[u8]) -> Result<(), InflateFault> {
        match self {
            Self::Gzip(decoder) => {
                let written = decoder.write_all(input);
                written.map_err(|_| decoder.get_ref().fault())
            }
            Self::Deflate(deflate) => deflate.push(input),
        }
    }

    /// How many bytes there are so far.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Gzip(decoder) => decoder.get_ref().bytes.len(),
            Self::Deflate(deflate) => deflate.out.bytes.len(),
        }
    }

    /// All there was, once the input has ended where it should.
    pub(crate) fn finish(self) -> Result<Bytes, InflateFault> {
        match self {
            Self::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| decoder.get_ref().fault())?;
                Ok(Bytes::from(std::mem::take(&mut decoder.get_mut().bytes)))
            }
            Self::Deflate(deflate) if deflate.ended => Ok(Bytes::from(deflate.out.bytes)),
            Self::Deflate(_) => Err(InflateFault::Broken),
        }
    }
}

/// Deflate, with or without zlib's frame.
pub(crate) struct Deflate {
    state: Option<Decompress>,
    ended: bool,
    out: Bounded,
}

impl Deflate {
    fn push(&mut self, mut input: &[u8]) -> Result<(), InflateFault> {
        let Some(first) = input.first() else { return Ok(()) };
        // Zlib's first byte: method 8, a window of at most 32 KiB. Bare deflate never begins so.
        let state = self.state.get_or_insert_with(|| Decompress::new(first & 0x0f == 8 && first >> 4 <= 7));
        let mut piece = [0u8; 16 * 1024];
        loop {
            if self.ended {
                return if input.is_empty() { Ok(()) } else { Err(InflateFault::Broken) };
            }
            let (read, given) = (state.total_in(), state.total_out());
            let status = state.decompress(input, &mut piece, FlushDecompress::None).map_err(|_| InflateFault::Broken)?;
            let (read, given) = ((state.total_in() - read) as usize, (state.total_out() - given) as usize);
            input = &input[read..];
            self.out.write_all(&piece[..given]).map_err(|_| self.out.fault())?;
            self.ended = status == Status::StreamEnd;
            if !self.ended && read == 0 && given == 0 {
                return if input.is_empty() { Ok(()) } else { Err(InflateFault::Broken) };
            }
        }
    }
}

/// Collects bytes up to a limit.
pub(crate) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    over: bool,
}

impl Bounded {
    fn fault(&self) -> InflateFault {
        if self.over { InflateFault::TooLarge } else { InflateFault::Broken }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit - self.bytes.len() {
            self.over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn bare(plain: &[u8], level: Compression) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(encoding: Encoding, input: &[u8], step: usize, limit: usize) -> Result<Bytes, InflateFault> {
        let mut inflater = Inflater::new(encoding, limit);
        for piece in input.chunks(step) {
            inflater.push(piece)?;
        }
        inflater.finish()
    }

    fn text() -> Vec<u8> {
        (0..20_000).flat_map(|n: u32| format!("{};", n.wrapping_mul(2_654_435_761)).into_bytes()).collect()
    }

    #[test]
    fn whole_bodies_come_out_whole_however_they_arrive() {
        let plain = text();
        let members = [gzip(&plain), gzip(b""), gzip(b"tail")].concat();
        let both = [&plain[..], b"tail"].concat();
        for step in [1, 7, 4096, usize::MAX] {
            assert_eq!(inflate(Encoding::Gzip, &members, step, 1 << 20).unwrap(), both);
            assert_eq!(inflate(Encoding::Deflate, &zlib(&plain), step, 1 << 20).unwrap(), plain);
            for level in [Compression::none(), Compression::fast(), Compression::best()] {
                assert_eq!(inflate(Encoding::Deflate, &bare(&plain, level), step, 1 << 20).unwrap(), plain);
            }
        }
    }

    #[test]
    fn nothing_is_shortened_silently() {
        let plain = text();
        for (encoding, whole) in [(Encoding::Gzip, gzip(&plain)), (Encoding::Deflate, zlib(&plain))] {
            for cut in [1, 2, 9, whole.len() / 2, whole.len() - 1] {
                assert_eq!(inflate(encoding, &whole[..cut], 1000, 1 << 20), Err(InflateFault::Broken), "{encoding:?} {cut}");
            }
            let more = [&whole[..], b"x"].concat();
            assert_eq!(inflate(encoding, &more, 1000, 1 << 20), Err(InflateFault::Broken), "{encoding:?}");
            let mut bad = whole.clone();
            let at = bad.len() - 6;
            bad[at] ^= 0xff;
            assert_eq!(inflate(encoding, &bad, 1000, 1 << 20), Err(InflateFault::Broken), "{encoding:?} checksum");
        }
        assert_eq!(inflate(Encoding::Gzip, b"", 1, 10), Err(InflateFault::Broken));
    }

    #[test]
    fn the_limit_is_exact() {
        let plain = vec![0; 100_000];
        for (encoding, whole) in [(Encoding::Gzip, gzip(&plain)), (Encoding::Deflate, zlib(&plain))] {
            assert_eq!(inflate(encoding, &whole, 50, 100_000).unwrap().len(), 100_000);
            assert_eq!(inflate(encoding, &whole, 50, 99_999), Err(InflateFault::TooLarge));
        }
    }
}
