//! What a test's application logs while it answers, in the test's thread or in its server's; what drivers of databases log
//! through `log` too. What other threads log (those that hash, SQLite's) nobody hears.

use std::{
    cell::RefCell,
    io::Write,
    sync::{Arc, Mutex, Once},
};

use tracing_subscriber::{Layer, filter::dynamic_filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

/// What was logged, while somebody listens.
pub(super) type Log = Arc<Mutex<Option<Vec<u8>>>>;

thread_local! {
    /// Of the test that this thread works for.
    static LOG: RefCell<Log> = RefCell::default();
}

/// From now on what this test's application logs is kept.
///
/// One subscriber for the whole process: `tracing` remembers which call sites interest anybody, so that one that comes
/// and goes with a test misses what other tests made uninteresting.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let listening = dynamic_filter_fn(|metadata, _| {
            let is_servers = SERVERS.iter().any(|server| metadata.target().starts_with(server));
            !is_servers && current().lock().unwrap().is_some()
        });
        let writing = tracing_subscriber::fmt::layer().with_writer(|| Writer).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(writing.with_filter(listening));
        subscriber.init();
    });
    *current().lock().unwrap() = Some(Vec::new());
}

/// What was logged since the test began to listen, which ends with it.
pub fn heard() -> String {
    let heard = current().lock().unwrap().take();
    String::from_utf8(heard.expect("somebody listens")).unwrap()
}

/// The log of the test that this thread works for, for the threads it starts.
pub(super) fn current() -> Log {
    // A thread that ends may still log, for nobody.
    LOG.try_with(|log| Arc::clone(&log.borrow())).unwrap_or_default()
}

/// From now on this thread works for the test whose log it is.
pub(super) fn follow(log: &Log) {
    LOG.set(Arc::clone(log));
}

/// Whose traces nobody here is to answer for: they tell of bytes and time-outs of every connection.
const SERVERS: [&str; 2] = ["actix_", "mio"];

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(log) = current().lock().unwrap().as_mut() {
            log.extend(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
