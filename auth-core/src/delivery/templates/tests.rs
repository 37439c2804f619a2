use super::*;
use crate::clock::Timestamp;

fn site() -> Site {
    Site::new(Some("Bücher & Söhne"), &Url::parse("https://example.com").unwrap())
}

fn renderer(templates: Templates) -> Renderer {
    let mut problems = Vec::new();
    let renderer = templates.compile(site(), &mut problems);
    assert_eq!(problems, []);
    renderer
}

fn problems(templates: Templates) -> Vec<String> {
    let mut problems = Vec::new();
    templates.compile(site(), &mut problems);
    problems.iter().map(ToString::to_string).collect()
}

fn message() -> OutboxMessage {
    OutboxMessage {
        id: "m1".to_owned(),
        sealed: Vec::new(),
        attempts: 0,
        due_at: Timestamp::default(),
        expires: Timestamp::default(),
        created_at: Timestamp::from_unix_ms(1_000),
    }
}

fn letter(kind: LetterKind) -> Letter {
    Letter {
        link: Some("https://example.com/verify?a=1&b=2".to_owned()),
        code: Some("123456".to_owned()),
        email: Some("ada@example.com".to_owned()),
        new_email: Some("new@example.com".to_owned()),
        old_email: Some("old@example.com".to_owned()),
        phone: Some("15551234567".to_owned()),
        minutes: Some(10),
        link_minutes: Some(60),
        ..Letter::new(kind, "ada@example.com")
    }
}

fn mail(renderer: &Renderer, letter: &Letter) -> Mail {
    match renderer.render(&message(), letter) {
        Ok(Message::Mail(mail)) => mail,
        other => panic!("{other:?}"),
    }
}

fn sms(renderer: &Renderer, letter: &Letter) -> Sms {
    match renderer.render(&message(), letter) {
        Ok(Message::Sms(sms)) => sms,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_is_there_in_every_language() {
    let renderer = renderer(Templates::default());
    for &kind in LetterKind::ALL {
        for locale in LOCALES {
            let mut letter = letter(kind);
            letter.locale = Some((*locale).to_owned());
            if kind.channel() == Some(Channel::Sms) {
                let sms = sms(&renderer, &letter);
                assert!(sms.text.starts_with("123456 "), "{}", sms.text);
                assert!(sms.text.ends_with("\n\n@example.com #123456"), "{}", sms.text);
                assert_eq!(sms.code.as_deref(), Some("123456"));
                continue;
            }
            let mail = mail(&renderer, &letter);
            let html = mail.html.as_deref().unwrap();
            assert!(mail.subject.contains("Bücher & Söhne"), "{kind:?}: {}", mail.subject);
            assert!(!mail.subject.contains("123456"), "{kind:?}: a code on a locked screen");
            assert!(
                mail.text.contains("\n\nhttps://example.com/verify?a=1&b=2\n\n"),
                "{}",
                mail.text
            );
            assert!(mail.text.contains(" 123456\n"), "{}", mail.text);
            assert!(html.contains("href=\"https://example.com/verify?a=1&amp;b=2\"") || html.contains("&#x2f;"));
            assert!(
                html.contains(">123456<") && html.contains("Bücher &amp; Söhne"),
                "{html}"
            );
            assert!(html.contains(&format!("<html lang=\"{locale}\">")), "{html}");
            assert!(
                !mail.text.contains("\n\n\n") && !mail.text.contains("  "),
                "{}",
                mail.text
            );
            assert!(
                !mail.text.contains("none") && !mail.text.contains("{{"),
                "{}",
                mail.text
            );
        }
    }
}

#[test]
fn a_mail_reads_like_one() {
    let mail = mail(&renderer(Templates::default()), &letter(LetterKind::MagicLink));
    assert_eq!(mail.subject, "Sign in to Bücher & Söhne");
    assert_eq!(
        mail.text,
        "Sign in\n\n\
         Somebody, probably you, wants to sign in to Bücher & Söhne as ada@example.com.\n\n\
         https://example.com/verify?a=1&b=2\n\n\
         Or enter this code: 123456\n\n\
         The link works once, within 1 hour. The code is good for 10 minutes; tell it to nobody.\n\n\
         If this was not you, ignore this mail: nobody gets in without it. Do not pass it on.\n\n\
         -- \nBücher & Söhne\nhttps://example.com"
    );
    assert_eq!(mail.date, Timestamp::from_unix_ms(1_000));
    assert_eq!(mail.kind, "magic_link");
}

#[test]
fn without_link_and_code_there_is_no_gap() {
    let renderer = renderer(Templates::default());
    for &kind in LetterKind::ALL
        .iter()
        .filter(|kind| kind.channel() == Some(Channel::Mail))
    {
        let mail = mail(&renderer, &Letter::new(kind, "ada@example.com"));
        assert!(
            !mail.text.contains("\n\n\n") && !mail.text.contains("none"),
            "{}",
            mail.text
        );
        assert!(!mail.html.unwrap().contains("<a href=\"\""));
    }
}

#[test]
fn a_notice_offers_a_new_password_beside_the_link() {
    let mut letter = letter(LetterKind::AccountExists);
    letter.code = None;
    letter.recovery_link = Some("https://example.com/recover".to_owned());
    // Such a link is a page; it does not end.
    (letter.minutes, letter.link_minutes) = (None, None);
    let mail = mail(&renderer(Templates::default()), &letter);
    assert!(
        mail.text
            .contains("If you forgot your password, choose a new one here:\n\nhttps://example.com/recover\n\nIf this"),
        "{}",
        mail.text
    );
}

#[test]
fn nothing_has_no_words() {
    let renderer = renderer(Templates::default());
    assert!(renderer.render(&message(), &letter(LetterKind::Nothing)).is_err());
}

#[test]
fn the_best_language_is_taken() {
    let renderer = renderer(
        Templates::default()
            .set_plain("invite", None, "all", "all")
            .set_plain("invite", Some("de"), "de", "de")
            .set_plain("invite", Some("de_AT"), "de-at", "de-at")
            .set_sms("sms", Some("fr"), "fr {{ code }}"),
    );
    for (locale, expected) in [
        (None, "all"),
        (Some("fr"), "all"),
        (Some("de"), "de"),
        (Some("de-CH"), "de"),
        (Some("de-at"), "de-at"),
    ] {
        let mut letter = letter(LetterKind::Invite);
        letter.locale = locale.map(str::to_owned);
        assert_eq!(mail(&renderer, &letter).subject, expected, "{locale:?}");
    }
    let mut french = letter(LetterKind::Code);
    french.locale = Some("fr-FR".to_owned());
    assert_eq!(sms(&renderer, &french).text, "fr 123456");
    french.locale = None;
    assert!(sms(&renderer, &french).text.starts_with("123456 is your code"));
}

#[test]
fn those_whose_language_is_unknown_get_the_default_one() {
    let renderer = renderer(Templates::default().default_locale("de-DE"));
    let mut letter = letter(LetterKind::Recovery);
    assert_eq!(mail(&renderer, &letter).subject, "Neues Passwort für Bücher & Söhne");
    letter.locale = Some("pl".to_owned());
    assert_eq!(mail(&renderer, &letter).subject, "Neues Passwort für Bücher & Söhne");
    letter.locale = Some("en-GB".to_owned());
    assert_eq!(
        mail(&renderer, &letter).subject,
        "Choose a new password for Bücher & Söhne"
    );
}

#[test]
fn values_are_escaped_in_html_and_stay_on_the_line_of_a_subject() {
    let renderer = renderer(Templates::default().set(
        "invite",
        None,
        "For {{ data.name }}",
        "{{ data.name }}{{ data.nobody.knows }}",
        "<p>{{ data.name }}</p>",
    ));
    let mut letter = letter(LetterKind::Invite);
    let name = "<b>Eve</b>\r\nBcc: all@example.com";
    letter.data.insert("name".to_owned(), name.into());
    let mail = mail(&renderer, &letter);
    assert_eq!(mail.subject, "For <b>Eve</b> Bcc: all@example.com");
    assert_eq!(mail.text, name);
    let html = mail.html.unwrap();
    assert!(html.contains("&lt;b&gt;Eve") && !html.contains("<b>"), "{html}");
}

#[test]
fn what_cannot_be_used_is_a_problem_of_the_configuration() {
    for (templates, expected) in [
        (
            Templates::default().set_plain("invite", None, "{{ unclosed", "text"),
            "invite (all languages): ",
        ),
        (
            Templates::default().set_plain("invite", Some("de"), "{{ nam }}", "text"),
            "invite (de): there is no variable \"nam\".",
        ),
        (
            Templates::default().set_plain("invite", None, "{{ code|shout }}", "text"),
            "invite (all languages): ",
        ),
        (
            Templates::default().set_plain("invite", None, " ", "text"),
            "it says nothing",
        ),
        (
            Templates::default().set_plain("welcome", None, "Hi", "text"),
            "there is nothing of this purpose. Use one of confirmation, magic_link",
        ),
        (Templates::default().set_sms("invite", None, "text"), "Use one of sms, "),
    ] {
        let problems = problems(templates);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with("templates: ") && problems[0].contains(expected),
            "{problems:?}"
        );
    }
}

#[test]
fn a_template_that_fails_later_does_not_lose_the_mail() {
    // Only a number can be counted up to.
    let renderer = renderer(Templates::default().set_plain(
        "recovery",
        None,
        "Own",
        "{% for i in range(data.times or 1) %}x{% endfor %}",
    ));
    let mut letter = letter(LetterKind::Recovery);
    assert_eq!(mail(&renderer, &letter).subject, "Own");
    letter.data.insert("times".to_owned(), "many".into());
    assert_eq!(
        mail(&renderer, &letter).subject,
        "Choose a new password for Bücher & Söhne"
    );
}
