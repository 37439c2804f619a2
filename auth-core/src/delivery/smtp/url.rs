use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::settings::{Settings, SmtpCredentials, SmtpSecurity};
use crate::config::ConfigProblem;

/// Reads a server's URL. What is wrong is said without the URL, which holds a password.
pub(super) fn read(text: &str) -> Result<Settings, ConfigProblem> {
    let url = Url::parse(text).map_err(|error| problem(&format!("the URL: {error}.")))?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| problem("there is no host."))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(problem("it is more than a server."));
    }
    let mut settings = Settings::new(host.clone(), security(&url, &host)?);
    if let Some(port) = url.port() {
        settings.port = port;
    }
    if !url.username().is_empty() {
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        settings.credentials = Some(SmtpCredentials::new(user, password));
    }
    Ok(settings)
}

fn security(url: &Url, host: &str) -> Result<SmtpSecurity, ConfigProblem> {
    let usual = match url.scheme() {
        "smtps" => SmtpSecurity::Tls,
        "smtp" => SmtpSecurity::StartTls,
        _ => return Err(problem("its scheme is neither smtps nor smtp.")),
    };
    let mut security = usual;
    for (name, value) in url.query_pairs() {
        security = match (name.as_ref(), value.as_ref(), url.scheme()) {
            ("security", "danger-none", "smtp") => SmtpSecurity::DangerPlaintext,
            ("security", "none", "smtp") if is_here(host) => SmtpSecurity::DangerPlaintext,
            ("security", "none", "smtp") => {
                return Err(problem(
                    "links and codes would travel in clear, to another machine; `security=danger-none` says that you know.",
                ));
            }
            _ => return Err(problem("it has a parameter that is unknown.")),
        };
    }
    Ok(security)
}

fn decoded(text: &str) -> Result<String, ConfigProblem> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| problem("user name or password are not UTF-8."))
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn problem(what: &str) -> ConfigProblem {
    ConfigProblem::new(
        "smtp",
        what,
        "Use `smtps://user:password@mail.example.com`, or `smtp://…` for STARTTLS.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_it_all() {
        for (url, host, port, security) in [
            ("smtps://mail.example.com", "mail.example.com", 465, SmtpSecurity::Tls),
            (
                "smtp://mail.example.com/",
                "mail.example.com",
                587,
                SmtpSecurity::StartTls,
            ),
            ("smtp://[::1]:2525", "::1", 2525, SmtpSecurity::StartTls),
            (
                "smtp://localhost:1025?security=none",
                "localhost",
                1025,
                SmtpSecurity::DangerPlaintext,
            ),
            (
                "smtp://127.0.0.1?security=none",
                "127.0.0.1",
                25,
                SmtpSecurity::DangerPlaintext,
            ),
            (
                "smtp://relay?security=danger-none",
                "relay",
                25,
                SmtpSecurity::DangerPlaintext,
            ),
        ] {
            let settings = read(url).unwrap();
            assert_eq!(
                (settings.host.as_str(), settings.port, settings.security),
                (host, port, security),
                "{url}"
            );
            assert!(settings.credentials.is_none());
        }
    }

    #[test]
    fn what_is_none_is_refused_and_the_password_not_repeated() {
        for url in [
            "",
            "mail.example.com",
            "http://u:SECRET@mail.example.com",
            "smtp://u:SECRET@",
            "smtp://u:SECRET@mail.example.com:99999",
            "smtp://u:SECRET@mail.example.com/inbox",
            "smtp://u:SECRET@mail.example.com?security=none",
            "smtp://u:SECRET@mail.example.com?tls=off",
            "smtps://u:SECRET@localhost?security=none",
            "smtp://u:%ff@mail.example.com",
        ] {
            match read(url) {
                Ok(settings) => panic!("{url}: {settings:?}"),
                Err(problem) => assert!(!problem.to_string().contains("SECRET"), "{problem}"),
            }
        }
    }
}
