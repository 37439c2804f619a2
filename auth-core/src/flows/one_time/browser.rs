//! Which browser asked: a cookie it is given with every answer to a request for a code, whether one is sent or not.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    auth::Auth,
    error::Result,
    http::{Call, Delivery},
    secret::Digest,
};

impl Call {
    /// Gives a browser something to hold, and answers its digest; another kind of client gets nothing.
    pub(crate) fn mark_browser(&self) -> Result<Option<Digest>> {
        if self.delivery != Delivery::Cookie {
            return Ok(None);
        }
        let value = match self.mark().filter(|mark| is_whole(mark)) {
            // What it asked for before stays good.
            Some(mark) => Zeroizing::new(mark.to_owned()),
            None => {
                let mut random = Zeroizing::new([0_u8; RANDOM]);
                self.auth.inner.entropy.fill(random.as_mut())?;
                Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_ref()))
            }
        };
        let now = self.auth.now();
        let ends = now + self.auth.mark_lifetime();
        let cookie = self.auth.inner.marks.set(&value, now, ends, true);
        self.request.add_cookie(cookie);
        Ok(Some(Digest::of(value.as_bytes())))
    }

    /// The digest of what this browser was given.
    pub(crate) fn browser_mark(&self) -> Option<Digest> {
        self.mark().map(|value| Digest::of(value.as_bytes()))
    }
}

fn is_whole(mark: &str) -> bool {
    URL_SAFE_NO_PAD.decode(mark).is_ok_and(|random| random.len() == RANDOM)
}

const RANDOM: usize = 24;

impl Auth {
    fn mark_lifetime(&self) -> Duration {
        let config = &self.inner.config.one_time;
        config.code_lifetime.max(config.link_lifetime)
    }
}
