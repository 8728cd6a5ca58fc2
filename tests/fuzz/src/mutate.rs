//! The small mutator of the smoke run: what a coverage-guided fuzzer does in its first minute, on a stable compiler
//! and the same on every machine.

/// A stream of numbers that is the same for the same seed (xorshift64*).
pub struct Numbers(u64);

impl Numbers {
    /// The stream of a name.
    pub fn of(name: &str) -> Numbers {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Numbers(seed | 1)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        (high as usize).checked_rem(n).unwrap_or(0)
    }
}

/// Bytes at which parsers change their mind: CBOR heads, separators of the texts, ends of ranges.
const INTERESTING: &[u8] = b"\x00\x01\x17\x18\x19\x1a\x1b\x20\x3b\x40\x58\x60\x78\x80\x9f\xa0\xbf\xd2\xf4\xf5\xf6\xff\x7f\n\r\t +-./0:=x";

/// A changed copy of `input`, or a crossing with `other`.
pub fn mutate(input: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=numbers.below(4) {
        change(&mut bytes, other, numbers);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len());
    let end = at + numbers.below((bytes.len() - at).min(64) + 1);
    match numbers.below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << numbers.below(8),
        1 if !bytes.is_empty() => bytes[at] = INTERESTING[numbers.below(INTERESTING.len())],
        2 if !bytes.is_empty() => {
            bytes[at] = bytes[at]
                .wrapping_add(numbers.below(5) as u8)
                .wrapping_sub(2)
        }
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..end)),
        5 => bytes.insert(at, INTERESTING[numbers.below(INTERESTING.len())]),
        6 => {
            let copy = bytes[at..end].to_vec();
            let to = numbers.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        _ => {
            let from = numbers.below(other.len());
            let piece = &other[from..from + numbers.below((other.len() - from).min(64) + 1)];
            bytes.splice(at..end, piece.iter().copied());
        }
    }
}
