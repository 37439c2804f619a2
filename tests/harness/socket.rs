//! Both frameworks as they are deployed: a server on a port of its own, behind a proxy that says who is calling.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::mpsc,
};

use actix_web::{App, HttpServer};
use auth_actix::AuthMiddleware;
use auth_core::Auth;
use bytes::Bytes;
use http::{Request, Response, request::Parts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use super::{actix, app::Answering, axum, log};

/// Where the proxy stands.
pub(super) const PROXY: &str = "127.0.0.0/8";

/// A server's address, and what sends it requests.
type Served = (SocketAddr, Rc<dyn Fn(Request<Bytes>, IpAddr) -> Answering>);

/// How a client leaves that does not wait for its answer.
#[derive(Clone, Copy, Debug)]
pub enum Leaving {
    /// In order: the server reads the end of what was sent.
    Closing,
    /// As a program that crashed: the connection is reset.
    Resetting,
}

pub(super) async fn axum_driver(auth: Auth) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::router(auth).into_make_service_with_connect_info::<SocketAddr>();
    // It ends with the runtime of its test.
    tokio::spawn(async move { ::axum::serve(listener, app).await });
    (
        address,
        Rc::new(move |request, ip| Box::pin(send(address, request, ip))),
    )
}

pub(super) fn actix_driver(auth: Auth) -> Served {
    let (started, address) = mpsc::channel();
    let (alive, over) = oneshot::channel::<()>();
    let log = log::current();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                // On the thread that serves.
                log::follow(&log);
                App::new()
                    .wrap(AuthMiddleware::new(auth.clone()))
                    .configure(actix::configure(auth.clone()))
            })
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
            started.send(server.addrs()[0]).unwrap();
            let server = server.run();
            let handle = server.handle();
            actix_web::rt::spawn(async move {
                // Nobody holds the application any more.
                let _ = over.await;
                handle.stop(false).await;
            });
            server.await.unwrap();
        });
    });
    let address = address.recv().unwrap();
    let alive = Rc::new(alive);
    let call = Rc::new(move |request, ip| -> Answering {
        let alive = Rc::clone(&alive);
        Box::pin(async move {
            let answer = send(address, request, ip).await;
            drop(alive);
            answer
        })
    });
    (address, call)
}

/// A connection over which a request was sent, all of it or all but the last bytes of its body.
pub(super) async fn begin(address: SocketAddr, request: Request<Bytes>, ip: IpAddr, unsent: usize) -> TcpStream {
    let (parts, body) = request.into_parts();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let written = written(&parts, &body, ip);
    stream.write_all(&written[..written.len() - unsent]).await.unwrap();
    stream
}

pub(super) fn leave(stream: TcpStream, how: Leaving) {
    match how {
        Leaving::Closing => {}
        Leaving::Resetting => stream.set_zero_linger().unwrap(),
    }
    drop(stream);
}

/// Sends a request over a connection of its own and reads the answer to its end.
async fn send(address: SocketAddr, request: Request<Bytes>, ip: IpAddr) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may answer and close before it has read a body it does not want.
    let _ = stream.write_all(&written(&parts, &body, ip)).await;
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received).await;
    let end = received.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.expect("an answer has a head");
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        // What belongs to the connection, not to the answer.
        if !["connection", "date"].contains(&name.to_ascii_lowercase().as_str()) {
            response = response.header(name, value);
        }
    }
    response.body(Bytes::copy_from_slice(&received[end + 4..])).unwrap()
}

fn written(parts: &Parts, body: &[u8], ip: IpAddr) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", parts.method, parts.uri).into_bytes();
    if !parts.headers.contains_key("host") {
        text.extend(b"host: app.example.com\r\n");
    }
    for (name, value) in &parts.headers {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    // A proxy adds whom it saw behind what it was told.
    text.extend(format!("x-forwarded-for: {ip}\r\n").into_bytes());
    if !body.is_empty() && !parts.headers.contains_key("content-length") {
        text.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    text.extend(b"\r\n");
    text.extend(body);
    text
}
