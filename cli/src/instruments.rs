//! `syrinx instruments`: the factory instruments and their cards.

use crate::{common::Failure, terminal};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub struct Args {
    /// A list of objects, the whole card of each.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let cards: Vec<_> = syrinx_models::factory().iter().map(|(_, model)| model.card()).collect();
    if args.json {
        let rows: Vec<Value> = cards.iter().map(|c| json!(c)).collect();
        terminal::json(&rows)?;
        return Ok(());
    }
    println!("{:<12} {:<16} {:<8} {:>15} {:>6}  licence", "id", "name", "family", "range, Hz", "lsd");
    for card in cards {
        let [low, high] = card.pitch_range_hz;
        let lsd = card.scores.get("lsd").map_or("-".into(), |s| format!("{s:.2}"));
        println!(
            "{:<12} {:<16} {:<8} {:>15} {lsd:>6}  {}",
            card.id,
            card.name,
            card.family,
            format!("{low:.0} - {high:.0}"),
            card.licence
        );
    }
    Ok(())
}
