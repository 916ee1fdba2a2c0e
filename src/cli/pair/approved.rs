//! `clubos pair approved`: what managers approved on the page /proposals goes into `site.toml`, one after the other, each
//! proven by the loader. Works beside the running box; reads its database and writes nothing there.

use std::path::PathBuf;

use clap::Args;

use super::PairError;
use super::places::{replace, text, written};
use crate::site::edit;
use crate::store::{Reader, proposal};

#[derive(Args)]
pub struct ApprovedArgs {
    /// The building
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    site: PathBuf,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
    /// Put them into site.toml; the file before is kept beside it
    #[arg(long)]
    write: bool,
}

pub fn run(args: &ApprovedArgs) -> anyhow::Result<()> {
    let before = text(&args.site)?;
    let reader = Reader::open(&args.state_dir.join("clubos.db"))?;
    let rows = proposal::all(reader.conn())?;
    let mut after = before.clone();
    let mut count = 0;
    for row in rows.iter().filter(|row| row.state == "approved") {
        let (Some(target), Some(keys)) = (&row.target, &row.keys) else { continue };
        if before.contains(&format!("\"{}\"", row.address)) {
            println!("{} stands there already.", row.name);
            continue;
        }
        after = edit::with_device(written(&args.site, &after), target, &row.effects, keys)
            .map_err(PairError::from)?;
        println!("# {}, for {target}\n{}", row.name, edit::device_block(target, &row.effects, keys));
        count += 1;
    }
    match (count, args.write) {
        (0, _) => println!("Nothing approved is missing in {}.", args.site.display()),
        (_, false) => println!("{count} to be written; --write puts them into {}.", args.site.display()),
        (_, true) => {
            let copy = replace(&args.site, &before, &after)?;
            println!("Written to {}; the file before is {}.", args.site.display(), copy.display());
            println!("Now: systemctl restart clubos");
        }
    }
    Ok(())
}
