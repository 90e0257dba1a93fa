//! Phone numbers: international, North American, Chinese, with trunk prefix; any group of digits near a word for it.

mod borders;
mod countries;
mod forms;
mod run;

use super::super::recognizer::{Candidate, Find, Recognizer, View};
use run::Run;

/// The recogniser.
pub(crate) const PHONE_NUMBER: Recognizer = Recognizer {
    name: "phone-number",
    kind: "PHONE_NUMBER",
    summary: "Phone number, with extension; a bare group of digits only near a word for it",
    source: "ITU-T E.164 and national numbering plans (NANP, Chinese MIIT, Ofcom and others)",
    words: &[
        "phone",
        "phones",
        "phone number",
        "telephone",
        "tel",
        "mobile",
        "cell",
        "cellphone",
        "fax",
        "call",
        "calls",
        "calling",
        "called",
        "dial",
        "dialed",
        "dialled",
        "whatsapp",
        "reach",
        "contact",
        "text",
        "sms",
        "hotline",
        "helpline",
        "toll free",
        "toll-free",
        "ring",
        "answer",
        "answering",
        "voicemail",
        "landline",
        "office",
        "home",
        "my number",
        "his number",
        "her number",
        "your number",
        "their number",
        "telefon",
        "téléphone",
        "telefono",
        "teléfono",
        "telefone",
        "tél",
        "handy",
        "mobil",
        "móvil",
        "celular",
        "电话",
        "手机",
        "手机号",
        "联系方式",
        "致电",
        "拨打",
        "传真",
        "热线",
        "座机",
        "来电",
        "微信",
        "電話",
        "手機",
        "전화",
    ],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    let mut done = 0;
    for token in &page.tokens {
        let digit = page.bytes()[token.start].is_ascii_digit();
        if token.start < done || !digit {
            continue;
        }
        let run = Run::read(page, token.start);
        done = run.end();
        // Behind what is refused, go on: a part of a longer number is no number.
        let mut from = 0;
        while from < run.groups.len() {
            from = match forms::best(page, &run, from) {
                Some((candidate, next)) => {
                    found.push(candidate);
                    next
                }
                None => from + 1,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn numbers_of_many_lands_are_found_without_a_word() {
        for phone in [
            "+44 20 7946 0958",
            "+1 (555) 323-4567",
            "+86 138-1234-5678",
            "+8613812345678",
            "0049 30 123456",
            "(555) 323-4567",
            "555-323-4567",
            "1-800-555-0199",
            "020 7946 0958",
            "13812345678",
            "138 1234 5678",
            "010-65529988",
            "0755-8888 6666",
            "（021）62345678",
            "400-810-8888",
            "+49(0)3212 123456",
            "+33 (0)1 23 45 67 89",
            "01 23 45 67 89",
            "02.27.96.63.08",
            "(01234) 567890",
            "001-668-040-8670x1711",
            "+1-743-438-6774x62406",
            "(88) 684-334",
            "(11) 4706-6184",
            "(021) 0025-967",
            "062-085-9260x155",
            "(978)645-9740x11144",
            "916.972.1680x22008",
            "06-24312407",
            "0910-5877671",
            "070 4493 5104",
            "1800 655 506",
            "030/1234567",
            "+852 2345 6789",
            "86-138-1234-5678",
            "(212) 555-2368 ext. 12",
            "010-65529988转801",
            "11 91234-5678",
            "090-1234-5678",
            "+91 98765 43210",
        ] {
            finds("PHONE_NUMBER", &[&format!("to ^{phone}^ today"), &format!("是：^{phone}^。")]);
        }
    }

    #[test]
    fn a_word_nearby_makes_a_number_of_a_group() {
        finds(
            "PHONE_NUMBER",
            &[
                "They're not answering at ^9747 6578^",
                "Moldova 73916\n^92 34 70^-Office\\,^001-321-194-8268x44208^-Fax",
                "call ^469 34 883^",
            ],
        );
        finds(
            "PHONE_NUMBER",
            &[
                "fax ^2546712361^",
                "Phone: ^88 165 40 96^",
                "Tel. ^612 345 678^",
                "座机^62345678^",
                "手机号：^１３８１２３４５６７８^",
            ],
        );
        ignores(
            "PHONE_NUMBER",
            &[
                "recalled 9747 6578",
                "9747 6578",
                "phone bill of 12.50",
                "called on 2002-11-22 18:02:08",
                "call 20021122",
                "call 1 250 000 times",
            ],
        );
    }

    #[test]
    fn ordinary_numbers_stay() {
        ignores(
            "PHONE_NUMBER",
            &[
                "on 1987-04-08 and 08/04/1987 at 15:01:01",
                "shr 30 cts vs 1,234,567.89 dlrs, net 12345678 vs 1234567890",
                "the index fell 2,189.45 to 13,812,345,678",
                "募资13812345678元，同比增长12.5%",
                "发行 13812345678 股",
                "ISBN 978-7-111-54742-6, version 1.26.1, 192.168.100.200",
                "1986-1987 season, 2024年10月12日, 3-2, 21-19 21-17",
                "$555-323-4567, order #400-810-8888",
                "population 8 123 456 789 in 2050",
                "id 113812345678, 1381234567890",
                "10 000 000 tonnes, 1 000 000 000 barrels",
                "7.5-8.5 pct, up from 6.25, 00.00 gmt",
                "12 034 567 890 dlrs, up +10000000, +12.5 pct",
                "40.712776, -74.005974",
                "1700000000 1700000000000",
                "订单号13812345678",
                "536-32-3065",
                "https://n.example/13812345678",
                "01.02.2003 12:30",
            ],
        );
    }

    #[test]
    fn what_follows_a_number_is_left_alone() {
        finds(
            "PHONE_NUMBER",
            &[
                "call ^+44 20 7946 0958^ 1987 12 times",
                "^13812345678^, ^13912345678^; ^(555) 323-4567^.",
                "in 1987 ^555-323-4567^",
            ],
        );
    }
}
