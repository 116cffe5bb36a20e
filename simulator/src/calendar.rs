//! Times as the carriers write them: Sri Lanka local time, UTC+05:30 the whole year.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const OFFSET_SECONDS: u64 = 19_800;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment in Sri Lanka.
#[derive(Clone, Copy)]
pub(crate) struct LocalTime {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
    millisecond: u32,
}

impl LocalTime {
    pub(crate) fn of(time: SystemTime) -> Self {
        // A clock before 1970 is shown as 1970: the simulator decides nothing by this time.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let seconds = since.as_secs() + OFFSET_SECONDS;
        let (year, month, day) = date_of_day(seconds / 86_400);
        Self { year, month, day, second_of_day: seconds % 86_400, millisecond: since.subsec_millis() }
    }

    /// `2018-02-21T16:22:19+0530`, as a synchronous debit answers.
    pub(crate) fn basic(self) -> String {
        format!("{}T{}+0530", self.date(), self.clock())
    }

    /// `2014-02-11T14:19:44.656+05:30`, as an eZ Cash debit answers.
    pub(crate) fn extended(self) -> String {
        format!("{}T{}.{:03}+05:30", self.date(), self.clock(), self.millisecond)
    }

    /// `08-Oct-2013 16:32`, as a charging notification says.
    pub(crate) fn to_the_minute(self) -> String {
        let month = MONTHS.get(self.month as usize - 1).copied().unwrap_or("Jan");
        let (hour, minute) = (self.second_of_day / 3600, self.second_of_day / 60 % 60);
        format!("{:02}-{month}-{} {hour:02}:{minute:02}", self.day, self.year)
    }

    fn date(self) -> String {
        format!("{}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn clock(self) -> String {
        let second = self.second_of_day;
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

/// Year, month (1 to 12) and day of a day counted from 1970-01-01, by the Gregorian rule.
fn date_of_day(mut day: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    while day >= days_in_year(year) {
        day -= days_in_year(year);
        year += 1;
    }
    let mut month = 1;
    while day >= days_in_month(year, month) {
        day -= days_in_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_all_three_forms() {
        let time = LocalTime::of(UNIX_EPOCH + Duration::from_millis(1_381_230_120_656));
        assert_eq!(time.to_the_minute(), "08-Oct-2013 16:32");
        assert_eq!(time.basic(), "2013-10-08T16:32:00+0530");
        assert_eq!(time.extended(), "2013-10-08T16:32:00.656+05:30");
    }

    #[test]
    fn the_leap_day_is_a_day() {
        let time = LocalTime::of(UNIX_EPOCH + Duration::from_secs(1_709_164_800));
        assert_eq!(time.to_the_minute(), "29-Feb-2024 05:30");
    }
}
