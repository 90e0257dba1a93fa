//! The Brazilian company number, with letters too as issued from 2026 on.

use super::super::checks::is_uniform;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const BR_CNPJ: Recognizer = Recognizer {
    name: "br-cnpj",
    kind: "BR_CNPJ",
    summary: "Brazilian company number: 14 characters, two check digits mod 11",
    source: "Receita Federal, IN RFB 2.119/2022 and 2.229/2024",
    words: &["cnpj", "cadastro nacional da pessoa jurídica"],
    find: Find::Shapes(
        &[shape("**.***.***/****-99", 0.4), shape("99999999999999", 0.05)],
        Some(Check { name: "two digits mod 11", holds }),
    ),
};

/// Characters count as their code less 48, so letters from 17 on.
fn holds(characters: &[u8]) -> bool {
    let check = |body: &[u8]| {
        let weights = (2..=9).cycle();
        let sum: u32 = body.iter().rev().zip(weights).map(|(c, w)| (u32::from(*c) - 48) * w).sum();
        (11 - sum % 11) % 11 % 10
    };
    let (body, digits) = characters.split_at(12);
    !is_uniform(characters)
        && check(body) == u32::from(digits[0] - b'0')
        && check(&characters[..13]) == u32::from(digits[1] - b'0')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn digits_and_letters_are_checked() {
        finds("BR_CNPJ", &["CNPJ ^11.222.333/0001-81^", "^12.ABC.345/01DE-35^", "cnpj ^11222333000181^"]);
        ignores("BR_CNPJ", &["11.222.333/0001-82", "11222333000181", "12.ABC.345/01DE-36"]);
    }
}
