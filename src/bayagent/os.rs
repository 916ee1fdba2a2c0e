//! Processes of this PC: finding, asking, ending. Owns what differs between systems.
//!
//! Linux is tried in the tests. Windows (`tasklist`, `taskkill`) is written from its documents and was
//! never run.

use std::path::Path;

/// One process. A number is used again by the system; with the moment of its start it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    pub pid: u32,
    /// When it started, in the system's own count; 0 where it is not told.
    pub started: u64,
}

/// How a process is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    Ask,
    Kill,
}

/// Whether a file name is the wanted one: with or without `.exe`.
#[cfg(any(windows, test))]
fn same_name(name: &str, wanted: &str) -> bool {
    let bare = |text: &str| text.to_ascii_lowercase().trim_end_matches(".exe").to_owned();
    bare(name) == bare(wanted)
}

#[cfg(unix)]
pub use unix::{alive, end, find, process};
#[cfg(windows)]
pub use windows::{alive, end, find, process};

#[cfg(unix)]
mod unix {
    use super::{Force, Path, Process};

    struct Stat {
        state: u8,
        group: u32,
        started: u64,
    }

    fn stat(pid: u32) -> Option<Stat> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold anything; after the last bracket come plain fields.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Stat {
            state: *fields.first()?.as_bytes().first()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
        })
    }

    /// The process with this number, if there is one that runs.
    pub async fn process(pid: u32) -> Option<Process> {
        let stat = stat(pid).filter(|s| !matches!(s.state, b'Z' | b'X'))?;
        Some(Process { pid, started: stat.started })
    }

    pub async fn alive(process: Process) -> bool {
        self::process(process.pid).await == Some(process)
    }

    /// All processes whose program has this file name and whose command line holds `argument`.
    pub async fn find(name: &str, argument: Option<&str>) -> Vec<Process> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let own = std::process::id();
        let mut found = Vec::new();
        for pid in pids.filter(|pid| *pid != own) {
            if is(pid, name, argument)
                && let Some(process) = process(pid).await
            {
                found.push(process);
            }
        }
        found
    }

    fn is(pid: u32, name: &str, argument: Option<&str>) -> bool {
        let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return false };
        let line = String::from_utf8_lossy(&line);
        let first = line.split('\0').next().unwrap_or_default();
        let by_line = Path::new(first).file_name().is_some_and(|file| file == name);
        let by_file = std::fs::read_link(format!("/proc/{pid}/exe"))
            .is_ok_and(|exe| exe.file_name().is_some_and(|file| file == name));
        (by_line || by_file) && argument.is_none_or(|wanted| line.replace('\0', " ").contains(wanted))
    }

    /// Signals the process; the whole group, if it leads one.
    pub async fn end(process: Process, force: Force) {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        let Some(stat) = stat(process.pid).filter(|s| s.started == process.started) else { return };
        let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else { return };
        let signal = match force {
            Force::Ask => Signal::TERM,
            Force::Kill => Signal::KILL,
        };
        let sent = if stat.group == process.pid {
            kill_process_group(pid, signal)
        } else {
            kill_process(pid, signal)
        };
        if let Err(error) = sent {
            tracing::debug!(pid = process.pid, %error, "not signalled");
        }
    }
}

#[cfg(windows)]
mod windows {
    use super::{Force, Process, same_name};
    use crate::bayagent::pc;

    async fn list(filter: &str) -> Vec<(String, u32)> {
        let command = ["tasklist", "/FO", "CSV", "/NH", "/FI", filter].map(str::to_owned);
        super::tasks(&pc::run(&command).await.unwrap_or_default())
    }

    pub async fn process(pid: u32) -> Option<Process> {
        let found = list(&format!("PID eq {pid}")).await;
        found.iter().any(|(_, other)| *other == pid).then_some(Process { pid, started: 0 })
    }

    pub async fn alive(process: Process) -> bool {
        self::process(process.pid).await.is_some()
    }

    /// `argument` is not told by `tasklist` and does not narrow the search here.
    pub async fn find(name: &str, _argument: Option<&str>) -> Vec<Process> {
        let all = list(&format!("IMAGENAME eq {name}")).await;
        let found = all.into_iter().filter(|(image, _)| same_name(image, name));
        found.map(|(_, pid)| Process { pid, started: 0 }).collect()
    }

    pub async fn end(process: Process, force: Force) {
        let mut command = ["taskkill", "/T", "/PID"].map(str::to_owned).to_vec();
        command.push(process.pid.to_string());
        if force == Force::Kill {
            command.push("/F".to_owned());
        }
        if let Err(error) = pc::run(&command).await {
            tracing::debug!(pid = process.pid, %error, "not ended");
        }
    }
}

/// Image name and number of each line of `tasklist /FO CSV /NH`.
#[cfg(any(windows, test))]
fn tasks(said: &str) -> Vec<(String, u32)> {
    let one = |line: &str| {
        let mut cells = line.trim().strip_prefix('"')?.split("\",\"");
        let (image, pid) = (cells.next()?, cells.next()?);
        Some((image.to_owned(), pid.trim_end_matches('"').parse().ok()?))
    };
    said.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_list_of_tasks_is_read() {
        let said = "\r\n\"Simulator.exe\",\"4312\",\"Console\",\"1\",\"812,400 K\"\r\nINFO: No tasks are running.\r\n";
        assert_eq!(tasks(said), [("Simulator.exe".to_owned(), 4312)]);
        assert!(same_name("Simulator.exe", "simulator") && !same_name("Simulator2.exe", "Simulator.exe"));
        assert!(Path::new("/proc").exists() || cfg!(windows));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_process_is_found_by_name_and_argument_and_is_gone_when_killed() {
        let mut child = tokio::process::Command::new("sleep").arg("971.25").spawn().unwrap();
        let pid = child.id().unwrap();
        let own = process(pid).await.unwrap();
        // Between fork and exec it still bears the test's name.
        while find("sleep", Some("971.25")).await != [own] {
            tokio::task::yield_now().await;
        }
        assert!(find("sleep", Some("971.26")).await.is_empty());
        assert!(!alive(Process { started: own.started + 1, ..own }).await, "the number is used again");
        end(own, Force::Kill).await;
        child.wait().await.unwrap();
        assert!(!alive(own).await);
    }
}
