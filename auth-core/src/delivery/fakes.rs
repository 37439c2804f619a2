//! Clients that tests ask instead of a server.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::{HttpClient, HttpError};

/// Keeps requests and answers each the same.
#[derive(Clone)]
pub(super) struct Asked {
    status: StatusCode,
    body: &'static str,
    requests: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Asked {
    pub(super) fn answering(status: u16, body: &'static str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap(),
            body,
            requests: Arc::default(),
        }
    }

    /// The request, when there was one.
    pub(super) fn only(&self) -> Request<Bytes> {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }
}

#[async_trait]
impl HttpClient for Asked {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.requests.lock().unwrap().push(request);
        let mut answer = Response::new(Bytes::from_static(self.body.as_bytes()));
        *answer.status_mut() = self.status;
        Ok(answer)
    }
}

/// Never answers.
pub(super) struct Hangs;

#[async_trait]
impl HttpClient for Hangs {
    async fn send(&self, _request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        std::future::pending().await
    }
}
