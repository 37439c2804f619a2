use std::{
    future::poll_fn,
    sync::{Mutex, PoisonError},
};

use tokio_util::sync::ReusableBoxFuture;

/// As many as are kept for later.
const KEPT: usize = 64;

/// Rooms for futures that are used again.
///
/// The future of one command of redis-rs takes more than a kilobyte, and a piece of memory of that size makes glibc sort all the
/// small ones it has: for every command that was as dear as reading the session.
pub(super) struct Rooms<T> {
    free: Mutex<Vec<ReusableBoxFuture<'static, T>>>,
}

impl<T> Rooms<T> {
    pub(super) fn new() -> Self {
        Self {
            free: Mutex::new(Vec::new()),
        }
    }

    /// What the future answers. One that is not waited for to its end takes its room along.
    pub(super) async fn run(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let mut room = match self.free().pop() {
            Some(mut room) => {
                room.set(future);
                room
            }
            None => ReusableBoxFuture::new(future),
        };
        let answer = poll_fn(|context| room.poll(context)).await;
        let mut free = self.free();
        if free.len() < KEPT {
            free.push(room);
        }
        answer
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<ReusableBoxFuture<'static, T>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;

    #[tokio::test]
    async fn a_room_is_used_again_when_its_future_has_ended() {
        let rooms = Rooms::new();
        for number in 0..3 {
            assert_eq!(rooms.run(async move { number }).await, number);
            assert_eq!(rooms.free().len(), 1);
        }
        // Another size, and one that nobody waits for.
        let large = [1_u8; 500];
        assert_eq!(rooms.run(async move { i32::from(large[7]) }).await, 1);
        assert!(rooms.run(std::future::pending()).now_or_never().is_none());
        assert_eq!(rooms.free().len(), 0);
        let crowd = (0..2 * KEPT).map(|number| {
            rooms.run(async move {
                tokio::task::yield_now().await;
                i32::try_from(number).unwrap()
            })
        });
        let answers = join_all(crowd).await;
        assert!(answers.into_iter().eq(0..128));
        assert_eq!(rooms.free().len(), KEPT);
    }
}
