//! The wire form of numbers.
//!
//! Values of type double, currency and percent leave a real org as Java's `Double.toString` writes them, in JSON and in
//! XML: always with a fraction, and in scientific notation from 10^7 up and below 10^-3. The vendor documents the
//! first as working as designed (help article 000385889, once 000221617: 1234567 comes as `1234567.0`, 12345678 as
//! `1.2345678E7`, "not just through SOAP API, but Rest API"); RoseSilverSoftware/IlluminatedCloud issue 3004 shows query
//! answers of 2026 still doing so.
//!
//! Stored numbers are exact. Up to 15 significant digits the shortest decimal that reads back as the same double is the
//! number itself, so no floating point is involved; only longer ones go through it, as they do on the platform.

use std::io::Write as _;

/// Appends `scaled / 10^scale` in the form of `Double.toString`.
pub fn write_double(out: &mut Vec<u8>, scaled: i64, scale: u8) {
    let mut buffer = [0u8; 20];
    let mut digits = decimal(scaled.unsigned_abs(), &mut buffer);
    if scaled == 0 {
        out.extend_from_slice(b"0.0");
        return;
    }
    if scaled < 0 {
        out.push(b'-');
    }
    // The power of ten of the first digit.
    let mut power = digits.len() as i32 - 1 - i32::from(scale);
    let mut shortest = [0u8; 40];
    while let [head @ .., b'0'] = digits {
        digits = head;
    }
    if digits.len() > 15 {
        (digits, power) = through_double(digits, power, &mut shortest);
    }
    if (-3..7).contains(&power) {
        plain(out, digits, power);
    } else {
        out.push(digits[0]);
        out.push(b'.');
        out.extend_from_slice(if digits.len() > 1 { &digits[1..] } else { b"0" });
        out.push(b'E');
        write_int(out, i64::from(power));
    }
}

fn plain(out: &mut Vec<u8>, digits: &[u8], power: i32) {
    if power < 0 {
        out.extend_from_slice(b"0.");
        out.extend((1..-power).map(|_| b'0'));
        out.extend_from_slice(digits);
        return;
    }
    let whole = power as usize + 1;
    if digits.len() > whole {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    } else {
        out.extend_from_slice(digits);
        out.extend((digits.len()..whole).map(|_| b'0'));
        out.extend_from_slice(b".0");
    }
}

/// The shortest digits that read back as the double nearest to `0.digits × 10^(power+1)`, and their power.
fn through_double<'b>(digits: &'b [u8], power: i32, buffer: &'b mut [u8; 40]) -> (&'b [u8], i32) {
    let mut text = [0u8; 40];
    let mut rest = &mut text[..];
    let whole = std::str::from_utf8(digits).unwrap_or("0");
    let _ = write!(rest, "{whole}e{}", power + 1 - digits.len() as i32);
    let used = 40 - rest.len();
    let Some(value) = std::str::from_utf8(&text[..used]).ok().and_then(|t| t.parse::<f64>().ok()) else {
        return (digits, power);
    };
    let mut rest = &mut buffer[..];
    let _ = write!(rest, "{value:e}");
    let used = 40 - rest.len();
    let Some(e) = buffer[..used].iter().position(|b| *b == b'e') else { return (digits, power) };
    let power = std::str::from_utf8(&buffer[e + 1..used]).ok().and_then(|t| t.parse().ok()).unwrap_or(power);
    // `d.ddd` without its point.
    let mut len = e;
    if len > 1 {
        buffer.copy_within(2..e, 1);
        len -= 1;
    }
    (&buffer[..len], power)
}

/// Appends a whole number.
pub fn write_int(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    let mut buffer = [0u8; 20];
    out.extend_from_slice(decimal(n.unsigned_abs(), &mut buffer));
}

fn decimal(mut n: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return &buffer[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(scaled: i64, scale: u8) -> String {
        let mut out = Vec::new();
        write_double(&mut out, scaled, scale);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_java_prints_them() {
        for (scaled, scale, want) in [
            (0, 2, "0.0"),
            (10, 0, "10.0"),
            (1250, 2, "12.5"),
            (-1, 2, "-0.01"),
            (1, 3, "0.001"),
            (1, 4, "1.0E-4"),
            (12, 5, "1.2E-4"),
            (1_234_567, 0, "1234567.0"),
            (12_345_678, 0, "1.2345678E7"),
            (999_999_999, 2, "9999999.99"),
            (1_000_000_000, 2, "1.0E7"),
            (35_000_000_000, 2, "3.5E8"),
            (-560_000_000_000, 2, "-5.6E9"),
            (123_456_789_012_345, 2, "1.23456789012345E12"),
            (122_233_344_455_566_688, 2, "1.222333444555667E15"),
            (i64::MAX, 0, "9.223372036854776E18"),
            (i64::MIN, 18, "-9.223372036854776"),
        ] {
            assert_eq!(double(scaled, scale), want);
        }
    }

    #[test]
    fn reads_back_as_the_nearest_double() {
        let mut n: i64 = 7;
        for _ in 0..5_000 {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let scale = (n.unsigned_abs() % 19) as u8;
            let value = n >> (n.unsigned_abs() % 60);
            let exact: f64 = format!("{value}e-{scale}").parse().unwrap();
            assert_eq!(double(value, scale).parse::<f64>().unwrap(), exact, "{value} {scale}");
        }
    }
}
