//! Chinese bank cards.

use super::super::checks::luhn;
use super::super::recognizer::{Candidate, Find, Recognizer, View};
use super::payment_card::each;

/// The recogniser.
pub(crate) const CN_BANK_CARD: Recognizer = Recognizer {
    name: "cn-bank-card",
    kind: "CN_BANK_CARD",
    summary: "Chinese bank card: 16 to 19 digits, Luhn, near its name",
    source: "JR/T 0008-2000, GB/T 14504 (ISO/IEC 7812-1); UnionPay's prefix 62",
    words: &[
        "银行卡",
        "银行卡号",
        "储蓄卡",
        "借记卡",
        "卡号",
        "开户行",
        "银行账号",
        "收款账号",
        "账号",
        "帐号",
        "工资卡",
        "打款",
        "转账",
        "汇款",
        "bank card",
        "unionpay",
    ],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    each(
        view.page,
        |digits, start, end, _| {
            // Without a word nearby a card with Luhn's digit is a payment card: that recogniser reports it.
            let (base, name) =
                if digits.starts_with(b"62") { (0.08, "prefix 62") } else { (0.06, "16 to 19 digits") };
            ((16..=19).contains(&digits.len()) && luhn(digits))
                .then(|| Candidate::new(start, end, name, base).validated("Luhn"))
        },
        found,
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn a_word_makes_it_a_bank_card() {
        finds(
            "CN_BANK_CARD",
            &[
                "储蓄卡^6222021234567890128^，",
                "账号：^6217 0012 3456 7890 122^。",
                "收款账号^4111111111111111^",
            ],
        );
        ignores(
            "CN_BANK_CARD",
            &["6222021234567890128", "银行卡6222021234567890127", "订单号6222021234567890128"],
        );
    }
}
