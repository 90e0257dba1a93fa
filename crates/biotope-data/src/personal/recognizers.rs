//! The recognisers: one file each, one line each.

use biotope_core::{Entry, Registry, Table};

use super::recognizer::Recognizer;

pub(crate) mod au_abn;
pub(crate) mod au_medicare;
pub(crate) mod au_tfn;
pub(crate) mod br_cnpj;
pub(crate) mod br_cpf;
pub(crate) mod ca_sin;
pub(crate) mod cn_bank_card;
pub(crate) mod cn_license_plate;
pub(crate) mod cn_passport;
pub(crate) mod cn_resident_id;
pub(crate) mod cn_social_credit_code;
pub(crate) mod cn_travel_permit;
pub(crate) mod crypto;
pub(crate) mod date_of_birth;
pub(crate) mod de_tax_id;
pub(crate) mod email_address;
pub(crate) mod es_nie;
pub(crate) mod es_nif;
pub(crate) mod fr_nir;
pub(crate) mod iban_code;
pub(crate) mod in_aadhaar;
pub(crate) mod in_pan;
pub(crate) mod ip_address;
pub(crate) mod it_fiscal_code;
pub(crate) mod jp_my_number;
pub(crate) mod kr_rrn;
pub(crate) mod mac_address;
pub(crate) mod nl_bsn;
pub(crate) mod passport;
pub(crate) mod payment_card;
pub(crate) mod person;
pub(crate) mod phone_number;
pub(crate) mod pl_pesel;
pub(crate) mod se_personnummer;
pub(crate) mod secret;
pub(crate) mod sg_nric;
pub(crate) mod street_address;
pub(crate) mod uk_nhs;
pub(crate) mod uk_nino;
pub(crate) mod url;
pub(crate) mod url_credentials;
pub(crate) mod us_driver_license;
pub(crate) mod us_itin;
pub(crate) mod us_passport;
pub(crate) mod us_ssn;

const RECOGNIZERS: &[Entry<&Recognizer>] = &[
    entry(&au_abn::AU_ABN),
    entry(&au_medicare::AU_MEDICARE),
    entry(&au_tfn::AU_TFN),
    entry(&br_cnpj::BR_CNPJ),
    entry(&br_cpf::BR_CPF),
    entry(&ca_sin::CA_SIN),
    entry(&cn_bank_card::CN_BANK_CARD),
    entry(&cn_license_plate::CN_LICENSE_PLATE),
    entry(&cn_passport::CN_PASSPORT),
    entry(&cn_resident_id::CN_RESIDENT_ID),
    entry(&cn_social_credit_code::CN_SOCIAL_CREDIT_CODE),
    entry(&cn_travel_permit::CN_TRAVEL_PERMIT),
    entry(&crypto::CRYPTO),
    entry(&date_of_birth::DATE_OF_BIRTH),
    entry(&de_tax_id::DE_TAX_ID),
    entry(&email_address::EMAIL_ADDRESS),
    entry(&es_nie::ES_NIE),
    entry(&es_nif::ES_NIF),
    entry(&fr_nir::FR_NIR),
    entry(&iban_code::IBAN_CODE),
    entry(&in_aadhaar::IN_AADHAAR),
    entry(&in_pan::IN_PAN),
    entry(&ip_address::IP_ADDRESS),
    entry(&it_fiscal_code::IT_FISCAL_CODE),
    entry(&jp_my_number::JP_MY_NUMBER),
    entry(&kr_rrn::KR_RRN),
    entry(&mac_address::MAC_ADDRESS),
    entry(&nl_bsn::NL_BSN),
    entry(&passport::PASSPORT),
    entry(&payment_card::PAYMENT_CARD),
    entry(&person::PERSON),
    entry(&phone_number::PHONE_NUMBER),
    entry(&pl_pesel::PL_PESEL),
    entry(&se_personnummer::SE_PERSONNUMMER),
    entry(&secret::SECRET),
    entry(&sg_nric::SG_NRIC),
    entry(&street_address::STREET_ADDRESS),
    entry(&uk_nhs::UK_NHS),
    entry(&uk_nino::UK_NINO),
    entry(&url::URL),
    entry(&url_credentials::URL_CREDENTIALS),
    entry(&us_driver_license::US_DRIVER_LICENSE),
    entry(&us_itin::US_ITIN),
    entry(&us_passport::US_PASSPORT),
    entry(&us_ssn::US_SSN),
];

const fn entry(recognizer: &'static Recognizer) -> Entry<&'static Recognizer> {
    Entry { name: recognizer.name, summary: recognizer.summary, defaults: Table::new, build: recognizer }
}

/// All recognisers.
pub fn recognizers() -> Registry<&'static Recognizer> {
    Registry::new("recogniser", RECOGNIZERS)
}

/// The kinds that a text in a language can hold: with `"zh"` those of China and of no land, with `"en"` all others;
/// none for a language that no list stands for.
pub fn kinds_of(language: &str) -> Option<Vec<&'static str>> {
    let lands = [
        "AU", "BR", "CA", "CN", "DE", "ES", "FR", "IN", "IT", "JP", "KR", "NL", "PL", "SE", "SG", "UK", "US",
    ];
    let land = |kind: &str| kind.split_once('_').is_some_and(|(head, _)| lands.contains(&head));
    let list = RECOGNIZERS.iter().map(|entry| entry.build.kind);
    match language {
        "zh" => Some(list.filter(|kind| kind.starts_with("CN_") || !land(kind)).collect()),
        "en" => Some(list.filter(|kind| !kind.starts_with("CN_")).collect()),
        _ => None,
    }
}

/// What is masked in news unless a recipe says otherwise: what leads to a private person's purse, door or device. Names,
/// dates, streets and web addresses are what news is made of; numbers of companies are public.
pub const NEWS: [&str; 36] = [
    "AU_MEDICARE",
    "AU_TFN",
    "BR_CPF",
    "CA_SIN",
    "CN_BANK_CARD",
    "CN_LICENSE_PLATE",
    "CN_PASSPORT",
    "CN_RESIDENT_ID",
    "CN_TRAVEL_PERMIT",
    "CREDIT_CARD",
    "DE_TAX_ID",
    "EMAIL_ADDRESS",
    "ES_NIE",
    "ES_NIF",
    "FR_NIR",
    "IBAN_CODE",
    "IN_AADHAAR",
    "IN_PAN",
    "IP_ADDRESS",
    "IT_FISCAL_CODE",
    "JP_MY_NUMBER",
    "KR_RRN",
    "MAC_ADDRESS",
    "NL_BSN",
    "PASSPORT",
    "PHONE_NUMBER",
    "PL_PESEL",
    "SECRET",
    "SE_PERSONNUMMER",
    "SG_NRIC_FIN",
    "UK_NHS",
    "UK_NINO",
    "URL_CREDENTIALS",
    "US_DRIVER_LICENSE",
    "US_ITIN",
    "US_SSN",
];

/// Words that speak against any number: what they announce is no personal data.
pub(crate) const AGAINST_WORDS: &[&str] = &[
    "order number",
    "order no",
    "order id",
    "order #",
    "order",
    "invoice",
    "invoice number",
    "tracking",
    "tracking number",
    "isbn",
    "issn",
    "doi",
    "version",
    "ver",
    "release",
    "build",
    "serial",
    "serial number",
    "s/n",
    "sku",
    "ticket",
    "case number",
    "part number",
    "part no",
    "model",
    "item number",
    "product code",
    "batch",
    "lot",
    "barcode",
    "ean",
    "upc",
    "gtin",
    "timestamp",
    "section",
    "chapter",
    "coordinates",
    "latitude",
    "longitude",
    "transaction",
    "transaction id",
    "reference",
    "reference number",
    "flight",
    "订单",
    "订单号",
    "订单编号",
    "运单号",
    "快递单号",
    "单号",
    "流水号",
    "发票",
    "发票号",
    "批号",
    "编号",
    "书号",
    "版本",
    "型号",
    "货号",
    "条形码",
    "条码",
    "序列号",
    "时间戳",
    "经度",
    "纬度",
    "坐标",
    "票号",
    "案号",
];

/// How an explanation calls the inside of a web address.
pub(crate) const LINK: &str = "inside a web address";

#[cfg(test)]
pub(crate) mod testing {
    //! Texts with marks around what must be found.

    use super::super::{Detector, DetectorConfig};

    /// Each text has `^` around what a detector of one kind must find, and nothing else.
    pub(crate) fn finds(kind: &str, texts: &[impl AsRef<str>]) {
        let detector =
            Detector::new(&DetectorConfig { types: vec![kind.into()], ..DetectorConfig::default() }).unwrap();
        for marked in texts.iter().map(AsRef::as_ref) {
            let plain = marked.replace('^', "");
            let wanted: Vec<&str> = marked.split('^').skip(1).step_by(2).collect();
            let spans = detector.find(&plain);
            let found: Vec<&str> = spans.iter().map(|span| span.of(&plain)).collect();
            assert_eq!(found, wanted, "{kind} in {plain:?}: {spans:?}");
        }
    }

    /// In none of the texts may a detector of one kind find anything.
    pub(crate) fn ignores(kind: &str, texts: &[&str]) {
        assert!(texts.iter().all(|text| !text.contains('^')), "marks belong to texts with finds");
        finds(kind, texts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_recogniser_and_says_where_its_rule_stands() {
        let list = recognizers();
        let mut kinds: Vec<&str> = list.entries().iter().map(|entry| entry.build.kind).collect();
        assert!(NEWS.iter().all(|kind| kinds.contains(kind)) && NEWS.is_sorted());
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), list.entries().len());
        for entry in list.entries() {
            assert!(!entry.build.source.is_empty() && !entry.summary.is_empty(), "{}", entry.name);
        }
    }
}
