//! The live stream of the page: new rows, figures and freezes, rendered as they are on the page itself.
//!
//! Gathered a few times a second, so that a busy host does not drown a browser.

use super::{Reader, home, house_line};
use crate::live::{Item, News};
use crate::problem::{Kind, Problem};
use crate::site::Seat;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use maud::{Markup, html};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often what is new is gathered.
const GATHERED: Duration = Duration::from_millis(300);
/// Rows sent at once; of more, the newest.
const ROWS_AT_ONCE: usize = 8;
/// Gatherings between two renderings of the figures.
const TILES_EVERY: u32 = 4;

struct Watcher {
    reader: Reader,
    receiver: broadcast::Receiver<Item>,
    ticks: Interval,
    tick: u32,
    ready: VecDeque<Event>,
    _seat: Seat,
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.ticks.tick().await;
            self.gather()?;
        }
    }

    /// Gathers what is new; none when nothing will come any more.
    fn gather(&mut self) -> Option<()> {
        let mut rows: VecDeque<Item> = VecDeque::new();
        let (mut frozen, mut house) = (false, false);
        loop {
            match self.receiver.try_recv() {
                Ok(item) => match item.news.as_ref() {
                    News::Decision(_) => {
                        if rows.len() >= ROWS_AT_ONCE {
                            rows.pop_front();
                        }
                        rows.push_back(item);
                    }
                    News::Frozen(_) | News::LiftApproved(_) | News::Ended(_) => frozen = true,
                    News::House(_) => house = true,
                    News::Missed => frozen = true,
                },
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Lagged(_)) => frozen = true,
                Err(TryRecvError::Closed) => return None,
            }
        }
        let live = &self.reader.site.live;
        if !rows.is_empty() {
            let newest_first = html! {
                @for item in rows.iter().rev() {
                    @if let News::Decision(case) = item.news.as_ref() { (home::row(&self.reader, case)) }
                }
            };
            self.ready.push_back(event("rows", newest_first));
        }
        if frozen {
            let (cases, count) = live.frozen(home::FROZEN_SHOWN);
            self.ready.push_back(event("frozen", home::frozen_list(&self.reader, &cases, count)));
        }
        if house {
            let standing = self.reader.site.host.standing();
            self.ready
                .push_back(event("house", house_line(&self.reader, standing.ready, standing.why.as_deref())));
        }
        self.tick = self.tick.wrapping_add(1);
        if self.tick.is_multiple_of(TILES_EVERY) || frozen {
            let now = self.reader.site.host.now();
            let tiles = home::tiles(&self.reader, &live.tally(), live.frozen(0).1, now);
            self.ready.push_back(event("tiles", tiles));
        }
        Some(())
    }
}

fn event(name: &str, markup: Markup) -> Event {
    Event::default().event(name).data(markup.into_string().replace(['\r', '\n'], " "))
}

pub(super) async fn live(reader: Reader) -> Response {
    let Some(seat) = reader.site.seat() else {
        return Problem::new(Kind::TooManyListeners).into_response();
    };
    let Some((_, _, receiver)) = reader.site.live.listen(None) else {
        return Problem::new(Kind::NotReady).into_response();
    };
    let mut ticks = interval(GATHERED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watcher = Watcher { reader, receiver, ticks, tick: 0, ready: VecDeque::new(), _seat: seat };
    let events = unfold(watcher, |mut watcher| async {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(crate::api::events::HEARTBEAT).text("alive"))
        .into_response()
}
