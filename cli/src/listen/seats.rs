//! Limits the number of connections. Each connection has a seat. At a limit, the connection that has waited longest
//! without a complete request loses its seat.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Bounds;

/// The seats of a server.
pub(super) struct Seats {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: usize,
    by_address: HashMap<String, usize>,
    /// Connections without a complete request, the longest waiting first.
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

struct Waiting {
    address: String,
    needed: Arc<Notify>,
}

/// A connection's seat, released when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: String,
    needed: Arc<Notify>,
    place: Mutex<Place>,
}

#[derive(Clone, Copy)]
enum Place {
    /// Waiting for a request; the number orders the waiting connections.
    Waiting(u64),
    /// Processing a request.
    Working,
}

impl Seats {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, state: Mutex::default() }
    }

    /// Takes a seat for a new connection. `None` if the limit is reached and all connections are processing a request.
    pub(super) fn take(self: &Arc<Self>, address: String) -> Option<Seat> {
        let mut state = self.lock();
        if state.by_address.get(&address).is_some_and(|count| *count >= self.bounds.of_an_address) {
            state.free(Some(&address))?;
        } else if state.taken >= self.bounds.connections {
            state.free(None)?;
        }
        state.taken += 1;
        *state.by_address.entry(address.clone()).or_default() += 1;
        let needed = Arc::new(Notify::new());
        let place = Place::Waiting(state.wait(&address, &needed));
        drop(state);
        Some(Seat { seats: Arc::clone(self), address, needed, place: Mutex::new(place) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Evicts the connection that has waited longest, of one address or of all.
    fn free(&mut self, address: Option<&str>) -> Option<()> {
        let mut candidates = self.waiting.iter();
        let found = candidates.find(|(_, waiting)| address.is_none_or(|address| address == waiting.address));
        let number = *found?.0;
        let waiting = self.waiting.remove(&number)?;
        waiting.needed.notify_one();
        self.leave(&waiting.address);
        Some(())
    }

    fn wait(&mut self, address: &str, needed: &Arc<Notify>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, Waiting { address: address.to_owned(), needed: Arc::clone(needed) });
        number
    }

    fn leave(&mut self, address: &str) {
        self.taken -= 1;
        if let Some(count) = self.by_address.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(address);
            }
        }
    }
}

impl Seat {
    /// Waits until this seat has been given to another connection.
    pub(super) async fn is_needed(&self) {
        self.needed.notified().await;
    }

    /// Called when a request is complete: the connection cannot be evicted until it is answered.
    pub(super) fn begin_work(&self) {
        let mut place = self.place();
        if let Place::Waiting(number) = *place {
            // If it is missing, the seat was given away and the connection is about to end.
            if self.seats.lock().waiting.remove(&number).is_some() {
                *place = Place::Working;
            }
        }
    }

    /// Called when the request is answered.
    pub(super) fn end_work(&self) {
        let mut place = self.place();
        if matches!(*place, Place::Working) {
            *place = Place::Waiting(self.seats.lock().wait(&self.address, &self.needed));
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let place = *self.place();
        let mut state = self.seats.lock();
        let is_ours = match place {
            Place::Waiting(number) => state.waiting.remove(&number).is_some(),
            Place::Working => true,
        };
        if is_ours {
            state.leave(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn seats(connections: usize, of_an_address: usize) -> Arc<Seats> {
        Arc::new(Seats::new(Bounds { connections, of_an_address, ..Bounds::default() }))
    }

    fn is_needed(seat: &Seat) -> bool {
        seat.is_needed().now_or_never().is_some()
    }

    #[test]
    fn the_longest_idle_connection_is_evicted_and_working_ones_stay() {
        let seats = seats(3, 3);
        let take = |address: &str| seats.take(address.to_owned());
        let (first, second, third) = (take("a").unwrap(), take("b").unwrap(), take("c").unwrap());
        first.begin_work();
        let fourth = take("d").unwrap();
        assert!(is_needed(&second) && !is_needed(&first) && !is_needed(&third));
        // After its response, it waits like a new connection.
        first.end_work();
        let fifth = take("e").unwrap();
        assert!(is_needed(&third) && !is_needed(&first));
        for seat in [&first, &fourth, &fifth] {
            seat.begin_work();
        }
        assert!(take("f").is_none());
        drop(first);
        assert!(take("f").is_some());
    }

    #[test]
    fn an_address_uses_only_its_own_seats() {
        let seats = seats(10, 2);
        let take = |address: &str| seats.take(address.to_owned());
        let (other, first, second) = (take("b").unwrap(), take("a").unwrap(), take("a").unwrap());
        let third = take("a").unwrap();
        assert!(is_needed(&first) && !is_needed(&other) && !is_needed(&second));
        second.begin_work();
        third.begin_work();
        assert!(take("a").is_none());
        assert!(take("b").is_some());
    }

    #[test]
    fn a_seat_is_released_once() {
        let seats = seats(2, 2);
        let take = |address: &str| seats.take(address.to_owned());
        let (first, second) = (take("a").unwrap(), take("b").unwrap());
        let third = take("c").unwrap();
        // The first connection's seat now belongs to the third, so further calls of the first have no effect.
        first.begin_work();
        first.end_work();
        drop((first, second, third));
        let state = seats.lock();
        assert_eq!((state.taken, state.waiting.len(), state.by_address.len()), (0, 0, 0));
    }
}
