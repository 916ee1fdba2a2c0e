//! The name of this boot of the PC: the same while it runs, another after each boot.

use super::config::Config;
use super::pc;

/// Longest name the protocol takes, in characters.
const LONGEST: usize = 64;

/// What Windows says of its last start, in ticks.
#[cfg(windows)]
const WINDOWS: [&str; 4] =
    ["powershell", "-NoProfile", "-Command", "(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.Ticks"];

/// # Errors
/// The system names none, or what it names cannot be told.
pub async fn id(config: &Config) -> Result<String, String> {
    let said = match config.pc.boot_id.as_slice() {
        [] => of_the_system().await?,
        command => pc::run(command).await?,
    };
    let id = said.trim().to_owned();
    let good = (1..=LONGEST).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(id) } else { Err(format!("the boot id is to be 1 to {LONGEST} printable characters")) }
}

#[cfg(windows)]
async fn of_the_system() -> Result<String, String> {
    pc::run(&WINDOWS.map(str::to_owned)).await
}

#[cfg(not(windows))]
async fn of_the_system() -> Result<String, String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(|error| error.to_string())
}
