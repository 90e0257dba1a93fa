//! The Brazilian taxpayer number.

use super::super::checks::{is_uniform, value};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const BR_CPF: Recognizer = Recognizer {
    name: "br-cpf",
    kind: "BR_CPF",
    summary: "Brazilian taxpayer number: 11 digits, two check digits mod 11",
    source: "Receita Federal, Cadastro de Pessoas Físicas",
    words: &["cpf", "cadastro de pessoas físicas"],
    find: Find::Shapes(
        &[shape("999.999.999-99", 0.4), shape("999999999-99", 0.2), shape("99999999999", 0.05)],
        Some(Check { name: "two digits mod 11", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    let check = |body: &[u8]| {
        let sum: u32 = body.iter().rev().zip(2..).map(|(d, w)| value(*d) * w).sum();
        sum * 10 % 11 % 10
    };
    !is_uniform(digits)
        && check(&digits[..9]) == value(digits[9])
        && check(&digits[..10]) == value(digits[10])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn both_check_digits_count() {
        finds("BR_CPF", &["^529.982.247-25^", "CPF: ^52998224725^"]);
        ignores("BR_CPF", &["529.982.247-26", "529.982.247-15", "52998224725", "111.111.111-11"]);
    }
}
