//! What the machine says to whoever debugs it: lines of text, through the debugger or QEMU.

use core::arch::asm;
use core::fmt;

use heapless::String;

/// Longest line. Longer ones are cut.
const LINE_MAX: usize = 240;
/// Longest command line that is read.
const COMMAND_LINE_MAX: usize = 400;

/// A command line.
pub type CommandLine = String<COMMAND_LINE_MAX>;

const WRITE_TEXT: u32 = 0x04;
const GET_COMMAND_LINE: u32 = 0x15;
const EXIT: u32 = 0x18;
/// `ADP_Stopped_ApplicationExit` and `ADP_Stopped_RunTimeErrorUnknown`.
const EXIT_DONE: u32 = 0x2_0026;
const EXIT_BROKEN: u32 = 0x2_0023;

/// Writes one line.
pub fn line(text: fmt::Arguments<'_>) {
    let mut line: String<{ LINE_MAX + 2 }> = String::new();
    let _cut_where_full = fmt::write(&mut Cut(&mut line), text);
    // There is room for both: `Cut` leaves it.
    let _ = line.push_str("\n\0");
    call(WRITE_TEXT, line.as_ptr() as u32);
}

/// The words after `arg=` of QEMU's command line; empty where there is no debugger that gives some.
pub fn command_line() -> CommandLine {
    let mut bytes = [0u8; COMMAND_LINE_MAX];
    let mut block = [bytes.as_mut_ptr() as u32, COMMAND_LINE_MAX as u32];
    if call(GET_COMMAND_LINE, block.as_mut_ptr() as u32) != 0 {
        return String::new();
    }
    let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    let text = core::str::from_utf8(&bytes[..length]).unwrap_or("");
    String::try_from(text).unwrap_or_default()
}

/// Ends the emulation; with `broken`, as a failure.
pub fn exit(broken: bool) -> ! {
    call(EXIT, if broken { EXIT_BROKEN } else { EXIT_DONE });
    loop {
        cortex_m::asm::wfi();
    }
}

fn call(operation: u32, parameter: u32) -> u32 {
    let answer;
    // SAFETY: the semihosting call of the ARM documents. It reads and writes the memory that the parameter names, which
    // the callers above own; the assembly is not marked as leaving memory alone.
    unsafe { asm!("bkpt 0xAB", inout("r0") operation => answer, in("r1") parameter, options(nostack)) };
    answer
}

/// Takes as much as there is room for, and leaves two bytes.
struct Cut<'l>(&'l mut String<{ LINE_MAX + 2 }>);

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.len() + character.len_utf8() > LINE_MAX {
                return Err(fmt::Error);
            }
            self.0.push(character).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}
