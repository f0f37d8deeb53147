//! Fresh text in any amount, cheaply: no two bodies of a run may be equal, or a cache would be measured.

use std::ops::Range;

/// About as predictable as prose once three in sixteen places hold a number: zstd makes a third of it.
const WORDS: &str = "the of and to in is that for it as was with be by on not he his but at are this have from or had an \
    they which one you were all her she there would their we him been has when who will no more if out so up said what its \
    about than into them can only other time new some could these two may first then do any like my now over such our man \
    even most made after also did many off before must well back through years where much your way down should because \
    long each just state those people too mr how little good world make very year still see own work men day get here old \
    life both between being under three never know same last another while us might great go come since against right came \
    take used himself few house use place during high without again home around small however found mrs thought went say \
    part once general upon school every number until always something fact water public thing need right word context \
    request answer model token budget policy gateway record stream price system message function value error result return";

/// Writes words. The same seed gives the same text.
#[derive(Debug, Clone)]
pub struct Writer {
    state: u64,
    words: Vec<&'static str>,
}

impl Writer {
    /// A writer whose text depends on `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed, words: WORDS.split_whitespace().collect() }
    }

    /// SplitMix64: four instructions a number, and neighbouring seeds have nothing in common.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Overwrites `place` with text as it stands between the quotes of a JSON string, line breaks escaped.
    pub fn fill(&mut self, place: &mut [u8]) {
        let mut at = 0;
        while at < place.len() {
            let random = self.next();
            let [.., tens, ones] = random.to_le_bytes();
            let number = [b'0' + ones % 10, b'0' + tens % 10, b'0'];
            let word = match random & 15 {
                0..3 => &number[..],
                3 => b".\\n",
                _ => self.words[(random >> 8) as usize % self.words.len()].as_bytes(),
            };
            if at + word.len() + 1 > place.len() {
                break;
            }
            place[at..at + word.len()].copy_from_slice(word);
            place[at + word.len()] = b' ';
            at += word.len() + 1;
        }
        // An escape cut in two would not be JSON, so what is left is filled with what needs none.
        place[at..].fill(b'.');
    }

    /// Overwrites every one of `places` in `bytes`.
    pub fn fill_all(&mut self, bytes: &mut [u8], places: &[Range<usize>]) {
        for place in places {
            self.fill(&mut bytes[place.clone()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_valid_in_a_json_string_at_every_length_and_never_the_same() {
        let mut writer = Writer::new(1);
        for length in 0..2_000 {
            let mut text = vec![0; length];
            writer.fill(&mut text);
            let quoted = format!("\"{}\"", String::from_utf8(text).unwrap());
            serde_json::from_str::<String>(&quoted).unwrap();
        }
        let (mut one, mut two) = ([0; 200], [0; 200]);
        writer.fill(&mut one);
        writer.fill(&mut two);
        assert_ne!(one, two);
    }
}
