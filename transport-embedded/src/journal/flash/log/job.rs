//! What the log is asked to do, and what it answers.

/// What is to be done next. After each but `Done`, the piece at the address is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Read,
    Write,
    Erase,
    Done,
    /// It cannot go on.
    Stopped(Stopped),
}

/// Why it cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    Full,
    TooManyCharges,
    ReadBack,
}

/// What the log is to do.
pub struct Job<'a> {
    pub work: Work,
    pub sale: &'a str,
    pub body: &'a [u8],
    /// Where a record is loaded to.
    pub room: &'a mut [u8],
    pub loaded: Loaded,
    /// Whether the flash was read again for it.
    pub again: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// To read the flash, unless what it holds is known.
    Ready,
    /// To load the newest record of the charge at a position.
    Load(usize),
    /// To load the id generator's mark.
    LoadMark,
    /// To append the newest record of the sale.
    Append,
    /// To append that the sale is put away.
    Finish,
}

/// What was loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Loaded {
    /// There is no such charge.
    Nothing,
    /// So many bytes.
    Whole(usize),
    /// It is damaged. So many bytes of the record before; 0 if it is gone.
    Damaged(usize),
}

impl<'a> Job<'a> {
    pub fn new(work: Work, sale: &'a str, body: &'a [u8], room: &'a mut [u8]) -> Self {
        Job { work, sale, body, room, loaded: Loaded::Nothing, again: false }
    }
}
