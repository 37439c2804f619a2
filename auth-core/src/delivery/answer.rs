use http::{Response, StatusCode};

use super::DeliveryError;

/// What the status of an answer means for a message.
pub(super) fn judge<B>(answer: &Response<B>, who: &'static str) -> Result<(), DeliveryError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let sentence = format!("{who} answered {}", status.as_u16());
    Err(if is_about_the_message(status) {
        DeliveryError::permanent(sentence)
    } else {
        DeliveryError::temporary(sentence)
    })
}

/// Refused credentials and wrong addresses are the operator's mistake: mended, the message still goes out.
fn is_about_the_message(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::GONE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_try_can_mend_is_temporary() {
        for (status, expected) in [
            (200, None),
            (202, None),
            (204, None),
            (303, Some(false)),
            (400, Some(true)),
            (401, Some(false)),
            (403, Some(false)),
            (404, Some(false)),
            (408, Some(false)),
            (422, Some(true)),
            (429, Some(false)),
            (500, Some(false)),
            (503, Some(false)),
        ] {
            let mut answer = Response::new(());
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            let judged = judge(&answer, "the server").err().map(|error| error.is_permanent());
            assert_eq!(judged, expected, "{status}");
        }
    }
}
