//! The report as one page: the figures with their 95 % intervals, the weakest intents, the commonest mix-ups.

use std::fmt::Write;

use super::{Case, OUTSIDE, Report};

/// Rows of each table; more does not fit a page.
const ROWS: usize = 14;

/// One self-contained page; `title` names what was measured.
pub fn page(title: &str, report: &Report, cases: &[Case]) -> String {
    let inside = cases.iter().filter(|c| !c.accept.iter().any(|a| a == OUTSIDE)).count();
    let outside = cases.iter().filter(|c| c.accept[0] == OUTSIDE).count();
    let danger = cases.iter().filter(|c| c.accept.iter().any(|a| a.starts_with("emergency."))).count();
    let bays = cases.iter().filter(|c| c.bay.is_some()).count();
    let mut out = String::with_capacity(16_384);
    out.push_str(HEAD);
    let _ = write!(out, "<h1>{}</h1><p>{} texts", escape(title), report.n);
    out.push_str(
        ". The bracket is the 95 % Wilson interval.</p><div class=g><section><h2>Figures</h2><table>",
    );
    for (name, value, of) in [
        ("accuracy: best guess among the accepted", report.accuracy, report.n),
        ("\u{2026} of in-scope texts", report.in_scope_accuracy, inside),
        ("matched and right, of in-scope", report.match_share, inside),
        ("asked between two, of in-scope", report.ask_share, inside),
        ("refused, of in-scope", report.in_scope_refused, inside),
        ("out-of-scope recall", report.oos_recall, outside),
        ("wrong procedure matched, of all", report.wrong_sop, report.n),
        ("wrong act matched, of all", report.wrong_act, report.n),
        ("emergencies found", report.emergency_recall, danger),
        ("false alarms", report.false_alarms, report.n - danger),
        ("own bay right", report.bay_right, bays),
    ] {
        let (low, high) = interval(value, of);
        let _ =
            write!(out, "<tr><td>{name}<td class=r>{value:.1} %<td class=s>[{low:.1}, {high:.1}] n = {of}");
    }
    out.push_str("</table></section><section><h2>Weakest intents</h2><table><tr><th>intent<th>n<th>recall<th>precision<th>matched");
    let mut weakest: Vec<_> = report.per_intent.iter().collect();
    weakest.sort_by(|a, b| a.1.recall.total_cmp(&b.1.recall).then_with(|| b.1.n.cmp(&a.1.n)));
    for (intent, row) in weakest.into_iter().take(ROWS) {
        let _ = write!(
            out,
            "<tr><td>{}<td class=r>{}<td class=r><b style=\"--w:{:.0}%\">{:.0}</b><td class=r>{:.0}<td class=r>{:.0}",
            escape(intent),
            row.n,
            row.recall,
            row.recall,
            row.precision,
            row.matched
        );
    }
    out.push_str("</table></section></div><h2>Commonest mix-ups</h2><table><tr><th>is<th>read as<th>n<th>matched<th>for example");
    for pair in report.confusions.iter().take(ROWS) {
        let example = pair.examples.first().map(|e| shortened(e)).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{}<td>{}<td class=r>{}<td class=r>{}<td class=s>{}",
            escape(&pair.expected),
            escape(&pair.got),
            pair.n,
            pair.matched,
            escape(&example)
        );
    }
    if report.confusions.len() > ROWS {
        let rest: usize = report.confusions[ROWS..].iter().map(|c| c.n).sum();
        let more = report.confusions.len() - ROWS;
        let _ = write!(out, "<tr><td colspan=2>{more} further pairs<td class=r>{rest}<td><td>");
    }
    out.push_str("</table></html>\n");
    out
}

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
<title>How well the box understands</title><style>\
body{font:14px/1.35 system-ui,sans-serif;max-width:70rem;margin:1.2rem auto;padding:0 1rem;color:#1b2420;background:#fff}\
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1rem 0 .3rem}p{margin:.2rem 0;color:#55605a}\
.g{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:0 2rem}\
table{border-collapse:collapse;width:100%}td,th{padding:.12rem .4rem;border-bottom:1px solid #e3e8e5;text-align:left;font-weight:400}\
th{color:#55605a}.r{text-align:right;font-variant-numeric:tabular-nums}.s{color:#55605a;font-size:.85em}\
b{font-weight:400;display:block;background:linear-gradient(90deg,#bfe3cd var(--w),transparent var(--w))}\
@media print{body{margin:0;font-size:11px}}</style>";

/// 95 % Wilson interval of a share in percent.
pub fn interval(percent: f64, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 100.0);
    }
    let (p, n, z) = (percent / 100.0, of as f64, 1.96_f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 100.0 / (1.0 + z * z / n);
    (((middle - half) * scale).max(0.0), ((middle + half) * scale).min(100.0))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(110) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn the_page_holds_figures_and_pairs_and_no_markup_of_a_text() {
        let cases = super::super::cases(&br#"{"text":"<b>hi</b>","accept":["faq.wifi"]}"#[..]).unwrap();
        let mut report = super::super::judge(&[], &[], &BTreeSet::new());
        report.n = 1;
        report.accuracy = 50.0;
        report.per_intent = BTreeMap::from([("faq.wifi".into(), super::super::PerIntent::default())]);
        report.confusions = vec![super::super::Confusion {
            expected: "faq.wifi".into(),
            got: "faq.food".into(),
            n: 1,
            matched: 0,
            examples: vec!["<b>hi</b>".into()],
        }];
        let page = page("live & well", &report, &cases);
        for part in ["live &amp; well", "50.0 %", "faq.food", "&lt;b&gt;hi&lt;/b&gt;"] {
            assert!(page.contains(part), "{part} is missing");
        }
        assert!(!page.contains("<b>hi"));
    }

    #[test]
    fn the_interval_is_wilsons() {
        let (low, high) = interval(92.2, 460);
        assert!((low - 89.4).abs() < 0.1 && (high - 94.3).abs() < 0.1, "{low} {high}");
        assert!((interval(100.0, 10).1 - 100.0).abs() < 1e-9);
    }
}
