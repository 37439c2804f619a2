use http::{HeaderName, HeaderValue, header::LINK};
use url::form_urlencoded;

use crate::{
    error::{Error, ErrorKind, Result},
    http::{Call, Reply},
};

/// Which part of a long list is asked for.
pub(super) struct Page {
    /// From 1 on.
    number: u64,
    size: u32,
}

impl Page {
    /// `page` and `per_page` of the query.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when either is no number or out of bounds.
    pub(super) fn read(call: &Call) -> Result<Self> {
        let read = |name: &str, default: u64, most: u64| match call.query(name)?.filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => {
                let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| is_number);
                number
                    .filter(|number| (1..=most).contains(number))
                    .ok_or_else(|| refused(name, most))
            }
        };
        Ok(Self {
            number: read("page", 1, MOST_PAGES)?,
            size: u32::try_from(read("per_page", 50, u64::from(MOST))?).unwrap_or(MOST),
        })
    }

    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// How many come before.
    pub(super) fn offset(&self) -> u64 {
        (self.number - 1) * u64::from(self.size)
    }

    /// How many there are up to its end.
    pub(super) fn end(&self) -> u64 {
        self.offset() + u64::from(self.size)
    }

    /// What is on it, of a list from its beginning.
    pub(super) fn of<T>(&self, mut all: Vec<T>) -> Vec<T> {
        let skipped = usize::try_from(self.offset()).unwrap_or(usize::MAX).min(all.len());
        all.drain(..skipped);
        all
    }

    /// Says how many there are and where the others are. The address is the configured one; GoTrue's clients find the page
    /// first in its query.
    pub(super) fn describe(&self, reply: Reply, call: &Call, path: &str, total: u64) -> Reply {
        let last = total.div_ceil(u64::from(self.size)).max(1);
        let mut links = Vec::new();
        if self.number < last {
            links.push(self.link(call, path, &[("page", self.number + 1)], "next"));
        }
        links.push(self.link(call, path, &[("page", last)], "last"));
        with_total(with_links(reply, &links), total)
    }

    /// Says where a list goes on that is not counted by pages, if it may go on at all: `name` of the query is this `place`.
    pub(super) fn describe_next(
        &self,
        reply: Reply,
        call: &Call,
        path: &str,
        name: &str,
        place: Option<&str>,
    ) -> Reply {
        match place {
            Some(place) => with_links(reply, &[self.link(call, path, &[(name, place)], "next")]),
            None => reply,
        }
    }

    /// Whether a list of so many may go on after it.
    pub(super) fn is_full(&self, found: usize) -> bool {
        found == self.size as usize
    }

    fn link<V: ToString>(&self, call: &Call, path: &str, first: &[(&str, V)], relation: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in first {
            query.append_pair(name, &value.to_string());
        }
        let other = |name: &str| !["page", "per_page", "before", "after"].contains(&name);
        query.extend_pairs(call.query.iter().filter(|(name, _)| other(name)));
        query.append_pair("per_page", &self.size.to_string());
        let (origin, base) = (call.auth.origin(), call.auth.mount());
        format!("<{origin}{base}{path}?{}>; rel=\"{relation}\"", query.finish())
    }
}

/// Says how many there are on all pages.
pub(super) fn with_total(reply: Reply, total: u64) -> Reply {
    reply.header(X_TOTAL_COUNT, HeaderValue::from(total))
}

fn with_links(reply: Reply, links: &[String]) -> Reply {
    match HeaderValue::from_str(&links.join(", ")) {
        Ok(links) => reply.header(LINK, links),
        Err(_) => reply,
    }
}

fn refused(name: &str, most: u64) -> Error {
    Error::from(ErrorKind::ValidationFailed).detail(format!(
        "Bad Pagination Parameters: `{name}` is a number from 1 to {most}."
    ))
}

const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
/// GoTrue's clients ask for a thousand users when they want all.
const MOST: u32 = 1_000;
/// More than anybody turns; their product with the size of a page stays far from the largest number.
const MOST_PAGES: u64 = 1_000_000_000;
