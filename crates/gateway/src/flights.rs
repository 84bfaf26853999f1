//! What is asked and not yet answered, by ticket.
//!
//! A ticket names a place and how often it was used before, so a late outcome never answers another's request.

use crate::edge::Waiting;
use crate::{LinkId, Ticket};
use machine::time::Timestamp;

/// One ask under way.
pub(crate) struct Flight {
    /// Who waits; nobody, where the gateway itself asked.
    pub link: Option<LinkId>,
    pub waiting: Waiting,
    pub asked: Timestamp,
}

#[derive(Default)]
struct Place {
    uses: u32,
    flight: Option<Flight>,
}

#[derive(Default)]
pub(crate) struct Flights {
    places: Vec<Place>,
    free: Vec<u32>,
}

impl Flights {
    pub fn depart(&mut self, flight: Flight) -> Ticket {
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            (self.places.len() - 1) as u32
        });
        let place = &mut self.places[at as usize];
        place.uses = place.uses.wrapping_add(1);
        place.flight = Some(flight);
        Ticket(u64::from(place.uses) << 32 | u64::from(at))
    }

    pub fn land(&mut self, ticket: Ticket) -> Option<Flight> {
        let at = ticket.0 as u32;
        let place = self.places.get_mut(at as usize)?;
        if u64::from(place.uses) != ticket.0 >> 32 {
            return None;
        }
        let flight = place.flight.take()?;
        self.free.push(at);
        Some(flight)
    }

    pub fn is_empty(&self) -> bool {
        self.free.len() == self.places.len()
    }

    /// Ends those asked before `before`; their links.
    pub fn overdue(&mut self, before: Timestamp) -> Vec<Option<LinkId>> {
        let mut links = Vec::new();
        for (at, place) in self.places.iter_mut().enumerate() {
            if place.flight.as_ref().is_some_and(|flight| flight.asked < before)
                && let Some(flight) = place.flight.take()
            {
                links.push(flight.link);
                self.free.push(at as u32);
            }
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight(link: u64, asked: i64) -> Flight {
        Flight { link: Some(LinkId(link)), waiting: Waiting::Nobody, asked: Timestamp(asked) }
    }

    #[test]
    fn a_ticket_lands_once_and_never_in_the_place_of_another() {
        let mut flights = Flights::default();
        let first = flights.depart(flight(1, 0));
        assert_eq!(flights.land(first).and_then(|flight| flight.link), Some(LinkId(1)));
        assert!(flights.land(first).is_none() && flights.is_empty());
        let second = flights.depart(flight(2, 0));
        assert_eq!(flights.places.len(), 1, "the place is used again");
        assert!(flights.land(first).is_none(), "a late outcome of the first answers nobody");
        assert_eq!(flights.land(second).and_then(|flight| flight.link), Some(LinkId(2)));
        assert!(flights.land(Ticket(u64::MAX)).is_none());
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        let mut flights = Flights::default();
        let old = flights.depart(flight(1, 0));
        let young = flights.depart(flight(2, 10));
        assert_eq!(flights.overdue(Timestamp(10)), [Some(LinkId(1))]);
        assert!(flights.land(old).is_none() && flights.land(young).is_some() && flights.is_empty());
    }
}
