//! Prints the figures, with the change against the recorded ones and the budgets.

use super::builds::{BUILDS, Build};
use super::figures::{Budget, Budgets, Figures, Key};
use super::measure::{FLASH, INSTRUCTIONS, OPEN_CHARGE, PART, RAM, STACK};

const HEADINGS: [&str; 6] = [FLASH, PART, RAM, OPEN_CHARGE, STACK, INSTRUCTIONS];
const ROW_WIDTH: usize = 38;
const COLUMN_WIDTH: usize = 17;
/// Another version of the compiler makes figures that differ by so many thousandths.
const COMPILER_PER_MILLE: u64 = 20;

/// Prints everything.
pub fn print(figures: &Figures, recorded: &Figures, budgets: &Budgets, builds: &[Build]) {
    for what in HEADINGS {
        print!("\n{what}\n{:ROW_WIDTH$}", "");
        for build in builds {
            print!("{:>COLUMN_WIDTH$}", build.name);
        }
        println!("{:>10}{:>10}", "at most", "aim");
        let mut rows: Vec<&str> = figures.keys().filter(|key| key.what == what).map(|key| &*key.of).collect();
        rows.dedup();
        rows.sort_unstable();
        rows.dedup();
        for of in rows {
            print!("{of:ROW_WIDTH$}");
            for build in builds {
                let key = Key { what: what.to_owned(), of: of.to_owned(), build: build.name.to_owned() };
                print!("{:>COLUMN_WIDTH$}", cell(figures.get(&key), recorded.get(&key)));
            }
            match budgets.get(&(what.to_owned(), of.to_owned())) {
                Some(Budget { most, aim }) => println!("{:>10}{:>10}", grouped(*most), grouped(*aim)),
                None => println!(),
            }
        }
    }
}

/// The figures that are over their budget, and budgets of nothing that was measured.
pub fn over(figures: &Figures, budgets: &Budgets) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((what, of), Budget { most, .. }) in budgets {
        let key = Key { what: what.clone(), of: of.clone(), build: BUILDS[0].name.to_owned() };
        match figures.get(&key) {
            Some(figure) if figure > most => {
                let (figure, most) = (grouped(*figure), grouped(*most));
                wrong.push(format!("over budget: {what}, {of}: {figure}, at most {most}"));
            }
            Some(_) => {}
            None => wrong.push(format!("a budget of what was not measured: {what}, {of}")),
        }
    }
    wrong
}

/// As [`over`], for figures of another compiler than those recorded: what is over its budget must be more than was recorded,
/// by more than a compiler makes.
pub fn grown(figures: &Figures, budgets: &Budgets, recorded: &Figures) -> Vec<String> {
    let known = budgets.iter().map(|((what, of), Budget { most, aim })| {
        let key = Key { what: what.clone(), of: of.clone(), build: BUILDS[0].name.to_owned() };
        let allowed =
            u64::from(recorded.get(&key).copied().unwrap_or(0)) * (1000 + COMPILER_PER_MILLE) / 1000;
        let most = u32::try_from(allowed).unwrap_or(u32::MAX).max(*most);
        ((what.clone(), of.clone()), Budget { most, aim: *aim })
    });
    over(figures, &known.collect())
}

fn cell(figure: Option<&u32>, recorded: Option<&u32>) -> String {
    match (figure, recorded) {
        (Some(figure), Some(recorded)) if figure != recorded => {
            format!("{} ({:+})", grouped(*figure), i64::from(*figure) - i64::from(*recorded))
        }
        (Some(figure), _) => grouped(*figure),
        (None, _) => "-".to_owned(),
    }
}

fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_budget_and_a_budget_of_nothing_are_wrong() {
        let key = |what: &str| (what.to_owned(), "x".to_owned());
        let mut figures = Figures::new();
        for (what, figure) in [("a", 10), ("b", 11)] {
            let build = BUILDS[0].name.to_owned();
            figures.insert(Key { what: what.to_owned(), of: "x".to_owned(), build }, figure);
        }
        let budgets = ["a", "b", "c"].map(|what| (key(what), Budget { most: 10, aim: 5 }));
        let wrong = over(&figures, &Budgets::from(budgets));
        assert!(wrong.len() == 2 && wrong[0].starts_with("over") && wrong[1].starts_with("a budget of"));
    }

    #[test]
    fn another_compiler_may_make_a_little_more_than_was_recorded() {
        let key = || Key { what: "a".to_owned(), of: "x".to_owned(), build: BUILDS[0].name.to_owned() };
        let budgets = || Budgets::from([(("a".to_owned(), "x".to_owned()), Budget { most: 10, aim: 5 })]);
        let recorded = Figures::from([(key(), 1000)]);
        let wrong = |figure| grown(&Figures::from([(key(), figure)]), &budgets(), &recorded).len();
        assert_eq!([10, 1000, 1020, 1021].map(wrong), [0, 0, 0, 1]);
        assert_eq!(grown(&Figures::from([(key(), 11)]), &budgets(), &Figures::new()).len(), 1);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
