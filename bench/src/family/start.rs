//! How long a start takes, and how much memory an idle server holds.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;
use crate::report::{Bound, Figure, Section};
use crate::server;

/// How long a server is left alone before its memory is read.
const REST: Duration = Duration::from_secs(1);
/// In how many rounds memory is read.
const READINGS: usize = 5;

/// Starts the server again and again: on a new directory, on the same again, and with nothing on disk.
pub fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let figure = |name: &str, unit, bound| Figure { name: name.to_owned(), unit, values: Vec::new(), bound };
    let mut times = [
        figure("new data directory to first answer", "ms", Some(Bound::Below(60.0))),
        figure("same directory again", "ms", None),
        figure("--memory", "ms", None),
    ];
    let mut idle = figure("resident memory, idle", "MiB", Some(Bound::Below(40.0)));
    for round in 0..options.starts {
        let data = options.folder.join(format!("start-{round}"));
        for (figure, data) in times.iter_mut().zip([Some(&data), Some(&data), None]) {
            let began = Instant::now();
            let mut server = server::spawn(options, data.map(|data| data.as_path()), &[])?;
            server.answers()?;
            figure.values.push(began.elapsed().as_secs_f64() * 1000.0);
            if idle.values.len() <= round && round < READINGS {
                thread::sleep(REST);
                idle.values.push(server.resident()? as f64 / 1024.0);
            }
            server.stop()?;
        }
    }
    eprintln!("orglet-bench: starts done");
    let [new, again, memory] = times;
    let mut section = Section::new("Start, and memory at rest", format!("{} starts of each kind", options.starts));
    section.figures = vec![new, again, memory, idle];
    Ok(vec![section])
}
