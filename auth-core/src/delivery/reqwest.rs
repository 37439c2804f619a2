use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};

use super::{HttpClient, HttpError};

/// [`HttpClient`] by reqwest: TLS by rustls with the system's roots, no redirects, no proxies, no cookies.
///
/// ```
/// use std::time::Duration;
/// use auth_core::ReqwestClient;
///
/// let client = ReqwestClient::new(Duration::from_secs(5))?.response_limit(64 * 1024);
/// # Ok::<(), auth_core::HttpError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestClient {
    client: reqwest::Client,
    response_limit: usize,
}

impl ReqwestClient {
    /// A client that gives up after this time.
    ///
    /// # Errors
    /// [`HttpError`] when TLS cannot be set up, for example because the system has no root certificates.
    pub fn new(timeout: Duration) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("auth-core/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpError::new)?;
        Ok(Self {
            client,
            response_limit: 200 * 1024,
        })
    }

    /// The longest answer that is read, in bytes. Default 200 KiB.
    #[must_use]
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The URL may hold what is nobody's business in a log.
        let failed = |error: reqwest::Error| HttpError::new(error.without_url());
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > self.response_limit {
                return Err(HttpError::new("the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that reads one request and answers so.
    async fn server(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            // Until the client has gone.
            let _ = stream.read(&mut buffer).await;
        });
        format!("http://{address}/")
    }

    async fn ask(url: &str, client: &ReqwestClient) -> Result<Response<Bytes>, HttpError> {
        client.send(Request::get(url).body(Bytes::new()).unwrap()).await
    }

    fn client() -> ReqwestClient {
        ReqwestClient::new(Duration::from_secs(10)).unwrap()
    }

    #[tokio::test]
    async fn an_answer_comes_whole_and_a_redirect_is_an_answer() {
        let answer = "HTTP/1.1 303 See Other\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 5\r\n\r\nhello";
        let answer = ask(&server(answer.to_owned()).await, &client()).await.unwrap();
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "http://127.0.0.1:1/");
        assert_eq!(answer.body(), "hello");
    }

    #[tokio::test]
    async fn too_long_an_answer_is_not_read() {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", "x".repeat(2000));
        let failed = ask(&server(answer).await, &client().response_limit(1000)).await;
        assert_eq!(
            std::error::Error::source(&failed.unwrap_err()).unwrap().to_string(),
            "the answer is too long"
        );
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let client = ReqwestClient::new(Duration::from_millis(50)).unwrap();
        let url = server(String::new()).await;
        let failed = ask(&format!("{url}?token=SECRET"), &client).await.unwrap_err();
        assert!(!format!("{failed:?}").contains("SECRET"), "{failed:?}");
    }
}
