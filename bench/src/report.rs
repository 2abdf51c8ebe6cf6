//! The figures as tables, as Markdown in a file that keeps them, and as JSON for whoever compares them.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

use crate::Options;
use crate::load::Sample;
use crate::race::Race;

/// What was promised of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// It is this or more.
    AtLeast(f64),
    /// It is less, or the same.
    Below(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(least) => value >= least,
            Bound::Below(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Bound::AtLeast(least) => format!(">= {least}"),
            Bound::Below(most) => format!("<= {most}"),
        }
    }
}

/// A plain figure.
pub struct Figure {
    /// What it is.
    pub name: String,
    /// In what.
    pub unit: &'static str,
    /// One value per round.
    pub values: Vec<f64>,
    /// What the median should be.
    pub bound: Option<Bound>,
}

/// A table of the report.
pub struct Section {
    /// Its title.
    pub title: String,
    /// What it was measured on.
    pub note: String,
    /// The names of the sides of the races: what is compared with, what is judged.
    pub labels: (&'static str, &'static str),
    /// Whether a race's figure is how many times slower the tested side is, rather than its share of the base's rate.
    pub as_factor: bool,
    /// Measurements of two servers.
    pub races: Vec<Race>,
    /// Measurements of one.
    pub figures: Vec<Figure>,
}

impl Section {
    /// A section without figures.
    pub fn new(title: &str, note: String) -> Section {
        Section { title: title.to_owned(), note, labels: ("", ""), as_factor: false, races: Vec::new(), figures: Vec::new() }
    }

    /// A section whose races are against the bare program.
    pub fn against_bare(options: &Options, title: &str, table: String) -> Section {
        let note = format!("{table}; medians of {} rounds of {} ms", options.rounds, options.span.as_millis());
        Section { labels: ("bare", "orglet"), ..Section::new(&format!("{title} against bare axum + rusqlite"), note) }
    }

    /// A race's figure in each round.
    fn ratios(&self, race: &Race) -> Vec<f64> {
        let ratio = |(base, tested): (&Sample, &Sample)| if self.as_factor { base.rate / tested.rate } else { tested.rate / base.rate };
        race.base.iter().zip(&race.tested).map(ratio).collect()
    }

    /// The same by processor time for each answer, of the medians.
    fn by_processor(&self, race: &Race) -> f64 {
        let [base, tested] = [&race.base, &race.tested].map(|samples| median(samples.iter().map(|sample| sample.processor)));
        if self.as_factor { tested / base } else { base / tested }
    }

    fn header(&self) -> &'static str {
        if self.as_factor { "times slower" } else { "ratio" }
    }
}

/// A line of a table: name, figure, spread, and what was promised.
struct Line {
    name: String,
    figure: String,
    spread: String,
    promise: String,
}

impl Line {
    fn new(name: String, values: &[f64], unit: &str, bound: Option<Bound>) -> Line {
        let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)));
        let middle = median(values.iter().copied());
        let digits = if unit.is_empty() { 2 } else { 1 };
        let kept = bound.map(|bound| format!("{}: {}", bound.text(), if bound.holds(middle) { "kept" } else { "NOT KEPT" }));
        Line {
            name,
            figure: format!("{middle:.digits$} {unit}").trim_end().to_owned(),
            spread: format!("{least:.digits$} to {most:.digits$}"),
            promise: kept.unwrap_or_default(),
        }
    }
}

/// A ratio; nothing where one of its sides used too little to be seen.
fn shown(ratio: f64) -> String {
    if ratio.is_finite() && ratio > 0.0 { format!("{ratio:.2}") } else { String::new() }
}

fn lines(section: &Section) -> (Vec<Line>, Vec<Line>) {
    let races = section.races.iter().map(|race| {
        let name = format!("{} over {}", race.name, race.connections);
        Line::new(name, &section.ratios(race), "", race.bound)
    });
    let figures = section.figures.iter().map(|figure| Line::new(figure.name.clone(), &figure.values, figure.unit, figure.bound));
    (races.collect(), figures.collect())
}

/// Prints the tables; writes the files that were asked for.
pub fn print(options: &Options, sections: &[Section]) -> io::Result<()> {
    for section in sections {
        println!("\n{}\n  {}", section.title, section.note);
        let (races, figures) = lines(section);
        if !races.is_empty() {
            let (base, tested) = section.labels;
            println!(
                "  {:<38} {:>12} {:>15} {:>7}  {:<18} {:>22} {:>20} {:>20}",
                "request over connections",
                section.header(),
                "least to most",
                "by CPU",
                "promised",
                format!("{base}, {tested} 1/s"),
                "CPU us per answer",
                "median us"
            );
        }
        for (line, race) in races.iter().zip(&section.races) {
            let both = |pick: fn(&Sample) -> f64| {
                let of = |samples: &[Sample]| median(samples.iter().map(pick));
                format!("{:.0}, {:.0}", of(&race.base), of(&race.tested))
            };
            println!(
                "  {:<38} {:>12} {:>15} {:>7}  {:<18} {:>22} {:>20} {:>20}",
                line.name,
                line.figure,
                line.spread,
                shown(section.by_processor(race)),
                line.promise,
                both(|s| s.rate),
                both(|s| s.processor),
                both(|s| s.p50)
            );
        }
        for line in figures {
            println!("  {:<38} {:>12} {:>15}  {}", line.name, line.figure, line.spread, line.promise);
        }
    }
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&as_json(sections))?)?;
    }
    if let Some(path) = &options.keep {
        keep(path, &markdown(options, sections), !options.only.is_empty())?;
    }
    Ok(())
}

fn as_json(sections: &[Section]) -> serde_json::Value {
    let side = |samples: &[Sample]| {
        let of = |pick: fn(&Sample) -> f64| median(samples.iter().map(pick));
        json!({"rate": of(|s| s.rate), "p50_us": of(|s| s.p50), "p99_us": of(|s| s.p99), "cpu_us": of(|s| s.processor)})
    };
    let sections = sections.iter().map(|section| {
        let races = section.races.iter().map(|race| {
            json!({
                "name": race.name,
                "connections": race.connections,
                section.header().replace(' ', "_"): median(section.ratios(race).into_iter()),
                "by_cpu": section.by_processor(race),
                section.labels.0: side(&race.base),
                section.labels.1: side(&race.tested),
            })
        });
        let figures = section
            .figures
            .iter()
            .map(|figure| json!({"name": figure.name, "unit": figure.unit, "median": median(figure.values.iter().copied())}));
        let (races, figures): (Vec<_>, Vec<_>) = (races.collect(), figures.collect());
        json!({"title": section.title, "note": section.note, "races": races, "figures": figures})
    });
    sections.collect()
}

/// The tables with ratios alone: rates say more of the machine than of the server.
fn markdown(options: &Options, sections: &[Section]) -> String {
    let form = if options.quick { "`cargo xtask bench --quick`" } else { "`cargo xtask bench`" };
    let mut out = format!("{form} on {}.\n", machine());
    for section in sections {
        out.push_str(&format!("\n### {}\n\n{}.\n\n", section.title, section.note));
        let (races, figures) = lines(section);
        if !races.is_empty() {
            out.push_str(&format!(
                "| request over connections | {} | least to most | by CPU | promised |\n|---|---|---|---|---|\n",
                section.header()
            ));
        }
        for (line, race) in races.iter().zip(&section.races) {
            let by_processor = shown(section.by_processor(race));
            out.push_str(&format!("| {} | {} | {} | {by_processor} | {} |\n", line.name, line.figure, line.spread, line.promise));
        }
        if !figures.is_empty() {
            out.push_str("| | median | least to most | promised |\n|---|---|---|---|\n");
        }
        for line in &figures {
            out.push_str(&format!("| {} | {} | {} | {} |\n", line.name, line.figure, line.spread, line.promise));
        }
    }
    out
}

/// Processor, memory and system of this machine.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let after = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':')).map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = after(&read("/proc/cpuinfo"), "model name");
    let memory = after(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse::<u64>().unwrap_or_default() >> 20;
    let release = read("/proc/sys/kernel/osrelease");
    let kernel = release.trim().split('-').next().unwrap_or_default();
    format!("{cores} cores of {model}, {memory} GiB, Linux {kernel}")
}

/// Puts the text between the marks of a file; only its sections, where others are to stay.
fn keep(path: &Path, text: &str, others_stay: bool) -> io::Result<()> {
    const MARKS: (&str, &str) = ("<!-- figures -->\n", "<!-- end of figures -->");
    let old = fs::read_to_string(path)?;
    let parts = old.split_once(MARKS.0).and_then(|(head, rest)| Some((head, rest.split_once(MARKS.1)?)));
    let (head, (kept, tail)) = parts.ok_or_else(|| io::Error::other(format!("{} has no marks for the figures", path.display())))?;
    let text = if others_stay { merged(kept.trim(), text.trim_end()) + "\n" } else { text.to_owned() };
    fs::write(path, format!("{head}{}\n{text}\n{}{tail}", MARKS.0, MARKS.1))
}

/// The old text with the sections of the new one in the place of those with their titles, or behind all others.
fn merged(old: &str, new: &str) -> String {
    const SECTION: &str = "\n\n### ";
    let mut sections: Vec<&str> = old.split(SECTION).collect();
    let title = |section: &str| section.lines().next().map(String::from);
    for section in new.split(SECTION).skip(1) {
        match sections.iter_mut().skip(1).find(|kept| title(kept) == title(section)) {
            Some(kept) => *kept = section,
            None => sections.push(section),
        }
    }
    sections.join(SECTION)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle), values.get(middle.wrapping_sub(1))) {
        (1, Some(value), _) => *value,
        (0, Some(upper), Some(lower)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Line, median, merged};

    #[test]
    fn sections_of_other_families_stay() {
        let old = "on X.\n\n### One\n\n1\n\n### Two\n\n2";
        let new = "on Y.\n\n### Two\n\n22\n\n### Three\n\n3";
        assert_eq!(merged(old, new), "on X.\n\n### One\n\n1\n\n### Two\n\n22\n\n### Three\n\n3");
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }

    #[test]
    fn promises_are_judged_by_the_median() {
        let line = |bound| Line::new(String::new(), &[0.2, 0.6, 0.9], "", Some(bound)).promise;
        assert_eq!(line(Bound::AtLeast(0.6)), ">= 0.6: kept");
        assert_eq!(line(Bound::AtLeast(0.61)), ">= 0.61: NOT KEPT");
        assert_eq!(line(Bound::Below(0.5)), "<= 0.5: NOT KEPT");
    }
}
