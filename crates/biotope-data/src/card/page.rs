//! The card as a page with plots.

use crate::card::{DatasetCard, shown};
use crate::page::{Page, count};
use crate::split::Split;

impl DatasetCard {
    /// The card as one HTML file that needs nothing else.
    pub fn html(&self) -> String {
        let lead = format!(
            "{} documents with {} labels, version {} of {}.",
            count(self.rows),
            self.labels.len(),
            self.version,
            self.committed
        );
        let mut page = Page::new(&self.name, &lead);
        let of = |split| count(self.splits.get(&split).copied().unwrap_or(0));
        page.facts(&[
            ("train", of(Split::Train)),
            ("valid", of(Split::Valid)),
            ("test", of(Split::Test)),
            ("openings of the test split", self.openings.map_or("record damaged".into(), count)),
            ("licence", self.license.clone()),
            ("content digest", self.digest.chars().take(16).collect()),
        ]);
        self.labels_of(&mut page);
        bars(&mut page, "Sources", "Documents by host or file.", &shown(&self.sources));
        bars(&mut page, "Languages", "Documents by language tag.", &pairs(&self.languages));
        bars(&mut page, "Months of publication", "", &self.last_months());
        let found =
            if self.licences.is_empty() { "No source named a licence." } else { "As the sources name them." };
        bars(&mut page, "Licences as found", found, &shown(&self.licences));
        let aside = match &self.set_aside {
            None => "Not known: its commit does not say.",
            Some(steps) if steps.is_empty() => "Nothing was set aside.",
            Some(_) => "What did not come in, by step.",
        };
        bars(&mut page, "Set aside", aside, &self.set_aside.as_ref().map(pairs).unwrap_or_default());
        let personal = format!("Masked in {} of {} documents.", count(self.personal_rows), count(self.rows));
        bars(&mut page, "Personal data", &personal, &pairs(&self.personal));
        self.quality_of(&mut page);
        page.html()
    }

    fn labels_of(&self, page: &mut Page) {
        page.section("Labels", "Documents by label and split.");
        let bar = |label: &crate::LabelCount| {
            let of = |split| label.rows.get(&split).copied().unwrap_or(0);
            (label.label.clone(), Split::ALL.map(of).to_vec())
        };
        let bars: Vec<_> = self.labels.iter().map(bar).collect();
        page.bars("documents by label and split", &Split::ALL.map(Split::name), &bars);
    }

    /// The last two years; older months are summed up.
    fn last_months(&self) -> Vec<(String, u64)> {
        const MONTHS: usize = 24;
        let dated: Vec<_> = self.months.iter().filter(|(month, _)| *month != "undated").collect();
        let older = dated.len().saturating_sub(MONTHS);
        let before: u64 = dated[..older].iter().map(|(_, rows)| **rows).sum();
        let mut rows = Vec::new();
        rows.extend((before > 0).then(|| ("earlier".to_owned(), before)));
        rows.extend(dated[older..].iter().map(|(month, rows)| ((*month).clone(), **rows)));
        rows.extend(self.months.get("undated").map(|rows| ("undated".to_owned(), *rows)));
        rows
    }

    fn quality_of(&self, page: &mut Page) {
        let [shortest, low, median, high, longest] = self.length.quantiles;
        page.section("Quality", "Length of the texts in characters, and what documents lack.");
        page.facts(&[
            ("shortest", count(shortest)),
            ("10 % are shorter than", count(low)),
            ("median", count(median)),
            ("10 % are longer than", count(high)),
            ("longest", count(longest)),
            ("with a title", format!("{} of {}", count(self.titled), count(self.rows))),
        ]);
        let name =
            |end: u64| if end == u64::MAX { "longer".to_owned() } else { format!("up to {}", count(end)) };
        let bars: Vec<_> = self.length.bins.iter().map(|(end, rows)| (name(*end), vec![*rows])).collect();
        page.bars("documents by length", &["documents"], &bars);
    }
}

fn pairs(map: &std::collections::BTreeMap<String, u64>) -> Vec<(String, u64)> {
    map.iter().map(|(name, rows)| (name.clone(), *rows)).collect()
}

fn bars(page: &mut Page, title: &str, about: &str, counts: &[(String, u64)]) {
    page.section(title, about);
    if !counts.is_empty() {
        let bars: Vec<_> = counts.iter().map(|(name, rows)| (name.clone(), vec![*rows])).collect();
        page.bars(title, &["documents"], &bars);
    }
}
