use http::header::HOST;

use super::AuthCookieError;
use crate::request::RequestView;

/// Whether cookies of this request must be `Secure`: always, but on a developer's machine.
///
/// What the request says of its host is only believed for that. It opens nothing: whoever can make a browser send another
/// `Host` header can read the cookie anyway.
///
/// ```
/// use auth_core::is_secure_context;
///
/// let ask = |host: &str| {
///     let (parts, ()) = http::Request::get("/").header("host", host).body(()).unwrap().into_parts();
///     is_secure_context(&parts)
/// };
/// assert_eq!(ask("localhost:3000"), Ok(false));
/// assert_eq!(ask("example.com"), Ok(true));
/// ```
///
/// # Errors
/// [`AuthCookieError::HostMissing`] when the request names no host, or several.
pub fn is_secure_context(view: &dyn RequestView) -> Result<bool, AuthCookieError> {
    let mut hosts = Vec::new();
    view.each_header(&HOST, &mut |host| {
        hosts.push(String::from_utf8_lossy(host).into_owned())
    });
    let host = match hosts.as_slice() {
        [] => view.authority(),
        [host] => Some(host.as_str()),
        _ => None,
    };
    match host.map(str::trim) {
        None | Some("") => Err(AuthCookieError::HostMissing),
        Some(host) => Ok(!is_developers_machine(host)),
    }
}

/// The seed's three.
fn is_developers_machine(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    name == "localhost" || name == "127.0.0.1" || name.ends_with(".local")
}
