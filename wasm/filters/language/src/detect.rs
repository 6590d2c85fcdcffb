use whichlang::{Lang, detect_language};

/// The languages that are told apart, by their code of ISO 639-1, and all others.
pub const LANGUAGES: [&str; 25] = [
    "ar", "be", "bg", "de", "el", "en", "es", "fa", "fr", "he", "hi", "it", "ja", "ko", "nl", "pt", "ru", "sv", "th",
    "tr", "uk", "ur", "vi", "zh", "other",
];

const LOOK: usize = 2048; // bytes that are looked at; more change nothing
const LETTERS_MIN: usize = 12; // fewest of an alphabet that say something
const SIGNS_MIN: usize = 3; // fewest of Chinese, Japanese and Korean, which say more each

/// What a piece of text may be in: the likeliest first, as places in LANGUAGES.
/// The same one again if it is sure.
pub type Guess = [usize; 3];

/// The language of the text, of its first half and of its second half. None means
/// unknown: too few letters, or several scripts.
pub fn detect(text: &str) -> [Option<Guess>; 3] {
    let text = &text[..text.floor_char_boundary(LOOK)];
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    [text, first, second].map(one)
}

fn one(text: &str) -> Option<Guess> {
    let c = Letters::of(text);
    let signs = c.han + c.kana + c.hangul;
    let all = c.latin + c.cyrillic + c.arabic + c.greek + c.hebrew + c.hindi + c.thai + c.rest + 3 * signs;
    let main = |n: usize| n >= LETTERS_MIN && 4 * n >= 3 * all;
    let codes = match () {
        _ if signs >= SIGNS_MIN && 4 * 3 * signs >= 3 * all => match () {
            _ if 2 * c.hangul > signs => ["ko"; 3],
            _ if 8 * c.kana > signs => ["ja"; 3],
            _ => ["zh"; 3],
        },
        _ if main(c.latin) => latin(text, &c)?,
        _ if main(c.cyrillic) => cyrillic(&c)?,
        _ if main(c.arabic) => match (c.urdu, c.persian, c.arabic_only) {
            (1.., ..) => ["ur"; 3],
            (0, 0..2, 2..) => ["ar"; 3],
            (0, 0, _) => ["ar", "fa", "ur"],
            _ => ["fa", "fa", "ur"],
        },
        _ if main(c.greek) => ["el"; 3],
        _ if main(c.hebrew) => ["he"; 3],
        _ if main(c.hindi) => ["hi"; 3],
        _ if main(c.thai) => ["th"; 3],
        _ if main(c.rest) => ["other"; 3],
        _ => return None,
    };
    Some(codes.map(|code| LANGUAGES.iter().position(|l| *l == code).unwrap_or(LANGUAGES.len() - 1)))
}

fn latin(text: &str, c: &Letters) -> Option<[&'static str; 3]> {
    if c.latin_other >= 2 && 40 * c.latin_other > c.latin {
        return Some(["other"; 3]);
    }
    Some(match detect_language(text) {
        Lang::Deu => ["de"; 3],
        Lang::Eng => ["en"; 3],
        Lang::Fra => ["fr"; 3],
        Lang::Ita => ["it"; 3],
        Lang::Nld => ["nl"; 3],
        Lang::Por => ["pt"; 3],
        Lang::Spa => ["es"; 3],
        Lang::Swe => ["sv"; 3],
        Lang::Tur => ["tr"; 3],
        Lang::Vie => ["vi"; 3],
        _ => return None,
    })
}

fn cyrillic(c: &Letters) -> Option<[&'static str; 3]> {
    match (c.cyrillic_other, c.belarusian, c.ukrainian, c.russian, c.bulgarian) {
        (2.., ..) => Some(["other"; 3]),
        (0, 1.., ..) => Some(["be"; 3]),
        (0, 0, 1.., 0, 0) => Some(["uk", "uk", "be"]),
        (0, 0, 1.., ..) => Some(["be", "uk", "ru"]),
        (0, 0, 0, 0, 1..) => Some(["bg"; 3]),
        (0, 0, 0, 0, 0) => Some(["ru", "bg", "uk"]),
        (0, 0, 0, ..) => Some(["ru"; 3]),
        _ => None,
    }
}

/// How many letters there are of each script, and of those that tell its
/// languages apart.
#[derive(Default)]
struct Letters {
    latin: usize,
    latin_other: usize, // that no language of the list has
    cyrillic: usize,
    russian: usize,   // ы э ё, which Ukrainian and Bulgarian lack
    bulgarian: usize, // ъ where Russian has none: not before е ё ю я
    ukrainian: usize,
    belarusian: usize,
    cyrillic_other: usize,
    arabic: usize,
    arabic_only: usize, // that Persian and Urdu write otherwise
    persian: usize,
    urdu: usize,
    han: usize,
    kana: usize,
    hangul: usize,
    greek: usize,
    hebrew: usize,
    hindi: usize,
    thai: usize,
    rest: usize,
}

/// Letters of Latin that no language of the list has.
const OTHER_LATIN: &str = "ąćčďęěėħīįķļłľĺńņňőŕřśšťůűųūźżžāēģțșĄĆČĎĘĚĖĮŁĽŃŇŐŘŚŠŤŮŰŲŪŹŻŽĀĒĢȚȘ";

impl Letters {
    fn of(text: &str) -> Letters {
        let mut n = Letters::default();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            n.take(c);
            n.bulgarian += (matches!(c, 'ъ' | 'Ъ')
                && chars.peek().is_some_and(|&c| !matches!(c, 'е' | 'ё' | 'ю' | 'я' | 'Е' | 'Ё' | 'Ю' | 'Я')))
                as usize;
        }
        n
    }

    fn take(&mut self, c: char) {
        match c as u32 {
            0x41..=0x5a | 0x61..=0x7a => self.latin += 1,
            0..=0xbf | 0xd7 | 0xf7 => {}
            0xc0..=0x24f | 0x1e00..=0x1eff => {
                self.latin += 1;
                self.latin_other += OTHER_LATIN.contains(c) as usize;
            }
            0x400..=0x52f => {
                self.cyrillic += 1;
                self.russian += matches!(c, 'ы' | 'э' | 'ё' | 'Ы' | 'Э' | 'Ё') as usize;
                self.ukrainian += matches!(c, 'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' | 'Ґ') as usize;
                self.belarusian += matches!(c, 'ў' | 'Ў') as usize;
                self.cyrillic_other += matches!(c as u32, 0x402..=0x403 | 0x405 | 0x408..=0x40c | 0x40f | 0x452..=0x453
                    | 0x455 | 0x458..=0x45c | 0x45f | 0x460..=0x48f | 0x492..=0x52f)
                    as usize;
            }
            0x600..=0x6ff | 0x750..=0x77f | 0xfb50..=0xfdff | 0xfe70..=0xfefc => {
                self.arabic += c.is_alphabetic() as usize;
                self.arabic_only += matches!(c, 'ة' | 'ى' | 'ك' | 'ي' | 'أ' | 'إ') as usize;
                self.persian += matches!(c, 'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی') as usize;
                self.urdu += matches!(c, 'ٹ' | 'ڈ' | 'ڑ' | 'ں' | 'ے' | 'ہ' | 'ھ') as usize;
            }
            0x370..=0x3ff | 0x1f00..=0x1fff => self.greek += 1,
            0x590..=0x5ff => self.hebrew += 1,
            0x900..=0x97f => self.hindi += 1,
            0xe00..=0xe7f => self.thai += 1,
            0x3040..=0x30ff | 0xff66..=0xff9d => self.kana += 1,
            0x3400..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff => self.han += 1,
            0x1100..=0x11ff | 0xac00..=0xd7af => self.hangul += 1,
            _ => self.rest += c.is_alphabetic() as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects() {
        for (text, want) in [
            ("", None),
            ("ok", None),
            ("12 345 678 910 !!! 🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", None),
            ("The weather is nice today, let us go out.", Some("en")),
            ("Das Wetter ist heute schön, gehen wir hinaus.", Some("de")),
            ("Il fait beau aujourd'hui, sortons un peu.", Some("fr")),
            ("Hoy hace buen tiempo, vamos a salir un rato.", Some("es")),
            ("Сегодня хорошая погода, пойдём погуляем.", Some("ru")),
            ("Сьогодні гарна погода, ходімо прогуляємося.", Some("uk")),
            ("Сёння добрае надвор'е, хадзем прагуляемся ў парк.", Some("be")),
            ("Днес времето е хубаво, къде ще вървим пътем.", Some("bg")),
            ("Данас је лијепо вријеме, хајде да се прошетамо.", Some("other")),
            ("Dziś jest ładna pogoda, chodźmy się przejść.", Some("other")),
            ("今天天气很好，我们出去走走吧。", Some("zh")),
            ("今日は天気がいいので、散歩に行きましょう。", Some("ja")),
            ("오늘 날씨가 좋으니 산책하러 갑시다.", Some("ko")),
            ("الطقس جميل اليوم، دعنا نخرج قليلا.", Some("ar")),
            ("امروز هوا خوب است، بیا برویم قدم بزنیم.", Some("fa")),
            ("آج موسم اچھا ہے، چلو باہر چلتے ہیں۔", Some("ur")),
            ("आज मौसम अच्छा है, चलो बाहर चलते हैं।", Some("hi")),
            ("Ο καιρός είναι ωραίος σήμερα, πάμε βόλτα.", Some("el")),
            ("היום מזג האוויר יפה, בוא נצא החוצה.", Some("he")),
            ("วันนี้อากาศดี ออกไปเดินเล่นกันเถอะ", Some("th")),
            ("დღეს კარგი ამინდია, გავისეირნოთ.", Some("other")),
            ("The word привет means hello to everybody здравствуйте", None),
        ] {
            assert_eq!(one(text).map(|g| LANGUAGES[g[0]]), want, "{text}");
        }
    }

    #[test]
    fn halves_vote() {
        let [whole, first, second] =
            detect("The weather is nice today, is it not? Das Wetter ist heute schön, oder nicht?");
        let code = |g: Option<Guess>| g.map(|g| LANGUAGES[g[0]]);
        assert!(whole.is_some() && code(first) == Some("en") && code(second) == Some("de"));
    }
}
