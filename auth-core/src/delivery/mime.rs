//! A mail as it travels (RFC 5322, MIME). Only letters of ASCII leave here, so that every server can take them, and no line of a
//! value can become a header.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use time::format_description::well_known::Rfc2822;

use super::{Mail, Mailbox};

/// Writes a mail: headers, then the text, and the HTML where there is one; lines end with CRLF.
pub(super) fn render(mail: &Mail, from: &Mailbox, reply_to: Option<&Mailbox>) -> Vec<u8> {
    let mut out = String::new();
    let mut header = |name: &str, value: &str| {
        let _ = write!(out, "{name}: {value}\r\n");
    };
    header("Message-ID", &format!("<{}@{}>", atom(&mail.id), from.domain()));
    header("Date", &date(mail));
    header("From", &mailbox(from));
    if let Some(reply_to) = reply_to {
        header("Reply-To", &mailbox(reply_to));
    }
    header("To", &one_line(&mail.to));
    header("Subject", &unstructured(&mail.subject, "Subject: ".len()));
    header("MIME-Version", "1.0");
    // RFC 3834: an absent recipient's programme shall not answer.
    header("Auto-Submitted", "auto-generated");
    match &mail.html {
        None => part(&mut out, "text/plain", &mail.text),
        Some(html) => {
            let boundary = format!("=_{}", atom(&mail.id));
            let _ = write!(
                out,
                "Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n"
            );
            for (kind, body) in [("text/plain", &mail.text), ("text/html", html)] {
                let _ = write!(out, "--{boundary}\r\n");
                part(&mut out, kind, body);
            }
            let _ = write!(out, "--{boundary}--\r\n");
        }
    }
    out.into_bytes()
}

fn part(out: &mut String, kind: &str, body: &str) {
    let _ = write!(
        out,
        "Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    );
    quoted_printable(out, body);
    out.push_str("\r\n");
}

fn date(mail: &Mail) -> String {
    mail.date.to_offset_date_time().format(&Rfc2822).unwrap_or_default()
}

/// RFC 5322 §3.2.4 and RFC 2047 §5 (3).
fn mailbox(mailbox: &Mailbox) -> String {
    match mailbox.name() {
        None => mailbox.address().to_owned(),
        Some(name) if is_plain(name) && name.len() < WORD => {
            let name = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{name}\" <{}>", mailbox.address())
        }
        Some(name) => format!(
            "{}\r\n <{}>",
            encoded_words(name, "Reply-To: ".len()),
            mailbox.address()
        ),
    }
}

/// RFC 5322 §2.2.1.
fn unstructured(text: &str, column: usize) -> String {
    let text = one_line(text);
    if is_plain(&text) && column + text.len() <= LINE && !text.contains("=?") {
        text
    } else {
        encoded_words(&text, column)
    }
}

/// RFC 2047 §4.1: words of whole characters, each on a line of its own.
fn encoded_words(text: &str, column: usize) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        let room = if words.is_empty() { WORD - column } else { WORD };
        if word.len() + character.len_utf8() > room {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    words.push(word);
    let encoded = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

/// RFC 2045 §6.7.
fn quoted_printable(out: &mut String, text: &str) {
    for (number, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        if number > 0 {
            out.push_str("\r\n");
        }
        let mut column = 0;
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            let is_last = bytes.peek().is_none();
            let is_literal = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || matches!(byte, b' ' | b'\t') && !is_last;
            let width = if is_literal { 1 } else { 3 };
            // The mark of a line that goes on is part of the 76 characters.
            if column + width > LINE - 1 {
                out.push_str("=\r\n");
                column = 0;
            }
            if is_literal {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
    }
}

/// A value that came from outside, on one line.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What may stand in a message id and in a boundary.
pub(super) fn atom(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.'))
        .take(64)
        .collect()
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Characters of a line, without its end (RFC 2045 §6.7 (5), RFC 2047 §2).
const LINE: usize = 76;
/// Bytes whose base64 fits into an encoded word of 75 characters.
const WORD: usize = 45;

#[cfg(test)]
mod tests {
    use mailparse::{MailHeaderMap, parse_mail};
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;

    fn from() -> Mailbox {
        Mailbox::parse("Example <no-reply@example.com>").unwrap()
    }

    fn mail(subject: &str, text: &str) -> Mail {
        let mut mail = Mail::new("m1", "ada@example.com", subject, text);
        mail.date = Timestamp::from_unix_ms(1_767_225_600_000);
        mail
    }

    #[test]
    fn a_parser_reads_what_was_written() {
        let mail = mail(
            "Bestätigen Sie Ihre Adresse, bitte, und zwar möglichst bald nach Erhalt",
            "Grüße\n.\nBye",
        )
        .html("<p>Grüße</p>\n");
        let bytes = render(&mail, &from(), Some(&Mailbox::parse("help@example.com").unwrap()));
        let parsed = parse_mail(&bytes).unwrap();
        let header = |name| parsed.headers.get_first_value(name);
        assert_eq!(header("Message-ID").unwrap(), "<m1@example.com>");
        assert_eq!(header("Date").unwrap(), "Thu, 01 Jan 2026 00:00:00 +0000");
        assert_eq!(header("From").unwrap(), "\"Example\" <no-reply@example.com>");
        assert_eq!(header("Reply-To").unwrap(), "help@example.com");
        assert_eq!(header("To").unwrap(), "ada@example.com");
        assert_eq!(header("Subject").unwrap(), mail.subject);
        let bodies: Vec<_> = parsed.subparts.iter().map(|part| part.get_body().unwrap()).collect();
        assert_eq!(bodies, ["Grüße\r\n.\r\nBye", "<p>Grüße</p>\r\n"]);
        assert_eq!(parsed.subparts[0].ctype.mimetype, "text/plain");
        assert_eq!(parsed.subparts[1].ctype.mimetype, "text/html");
    }

    #[test]
    fn no_value_becomes_a_header() {
        let mut mail = mail("Hello\r\nBcc: eve@example.com\r\n\r\nbody", "text");
        mail.to = "ada@example.com\r\nBcc: eve@example.com".to_owned();
        mail.id = "m1>\r\nBcc: eve@example.com".to_owned();
        let bytes = render(&mail, &from(), None);
        let parsed = parse_mail(&bytes).unwrap();
        assert_eq!(parsed.headers.get_first_value("Bcc"), None);
        assert_eq!(
            parsed.headers.get_first_value("Subject").unwrap(),
            "Hello Bcc: eve@example.com body"
        );
        assert_eq!(parsed.get_body().unwrap(), "text\r\n");
    }

    #[test]
    fn a_name_in_other_letters_is_encoded_and_one_with_quotes_is_quoted() {
        for name in [
            "Bücher & Söhne",
            "Ada \\ \"the\" Lovelace, Countess",
            &"long ".repeat(30),
        ] {
            let from = Mailbox::parse(&format!("{name} <a@example.com>")).unwrap();
            let bytes = render(&mail("Hello", "text"), &from, None);
            let parsed = parse_mail(&bytes).unwrap();
            let header = parsed.headers.get_first_header("From").unwrap();
            let addresses = mailparse::addrparse_header(header).unwrap();
            let single = addresses.extract_single_info().unwrap();
            assert_eq!(single.display_name.as_deref(), Some(name.trim()));
            assert_eq!(single.addr, "a@example.com");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_out_as_it_was(subject in "\\PC{0,200}", text in "(\\PC|[ \t\n]){0,400}") {
            let bytes = render(&mail(&subject, &text), &from(), None);
            prop_assert!(bytes.is_ascii());
            let lines = std::str::from_utf8(&bytes).unwrap();
            prop_assert!(lines.split("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n'])));
            let parsed = parse_mail(&bytes).unwrap();
            let body = parsed.get_body().unwrap().replace("\r\n", "\n");
            prop_assert_eq!(body.strip_suffix('\n').unwrap(), text.as_str());
            let read = parsed.headers.get_first_value("Subject").unwrap();
            prop_assert_eq!(read.trim(), subject.trim());
        }
    }
}
