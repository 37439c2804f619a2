use serde_json::Value;

use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    error::{ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        confirmation::{CONTESTED, SAID, SIGNED_UP},
        sessions::{IssuedSession, NewSession},
        users::{check_metadata, merged},
    },
    model::{AttributeValue, MADE_BY_ADMINISTRATOR, OneTimeToken, Purpose, User, UserPatch},
    proof::Proof,
    request::Client,
    secret::Digest,
};

/// What became of a token that was taken.
pub(crate) enum Settled {
    /// Its owner is proven.
    Proven(Box<Proof>),
    /// The other half of a change of address is still to be confirmed.
    Half,
}

impl Settled {
    pub(crate) fn proven(proof: Proof) -> Self {
        Self::Proven(Box::new(proof))
    }
}

impl Auth {
    /// The token of a code that was typed for an address or number.
    ///
    /// # Errors
    /// As [`Auth::check_code`].
    pub(crate) async fn check_code_of(
        &self,
        address: &Address,
        code: &str,
        purposes: &[Purpose],
        browser: Option<&Digest>,
        client: &Client,
    ) -> Result<OneTimeToken> {
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        let user_id = found.as_ref().map(|(_, user)| &user.id);
        self.check_code(user_id, address.as_str(), code, purposes, browser, client)
            .await
    }

    /// Takes a token, and opens the session it is good for.
    ///
    /// # Errors
    /// As [`Auth::redeem`]; [`ErrorKind::OtpExpired`] for half of a change.
    pub(crate) async fn redeem_into_session(
        &self,
        token: OneTimeToken,
        method: &'static str,
        session: NewSession,
    ) -> Result<(User, IssuedSession)> {
        match self.redeem(token, method, &session.client).await? {
            Settled::Proven(proof) => self.finish_sign_in(*proof, session).await,
            Settled::Half => Err(ErrorKind::OtpExpired.into()),
        }
    }

    /// Takes a token and does what it is for, as one act of the store.
    ///
    /// # Errors
    /// [`ErrorKind::OtpExpired`] when it was taken before or its address is not the account's any more,
    /// [`ErrorKind::UserBanned`], [`ErrorKind::EmailExists`] and [`ErrorKind::PhoneExists`] when somebody else has the new
    /// address by now, [`ErrorKind::DatabaseUpdateFailed`].
    pub(crate) async fn redeem(&self, token: OneTimeToken, method: &'static str, client: &Client) -> Result<Settled> {
        self.redeem_and(token, method, None, client).await
    }

    /// As [`Auth::redeem`]; whoever is proven gets `then` stored by the same act.
    pub(crate) async fn redeem_and(
        &self,
        token: OneTimeToken,
        method: &'static str,
        then: Option<Act>,
        client: &Client,
    ) -> Result<Settled> {
        let found = self.inner.adapter.get_user(&token.user_id).await?;
        let user = found.ok_or(ErrorKind::OtpExpired)?;
        if user.is_banned(self.now()) {
            return Err(ErrorKind::UserBanned.into());
        }
        match token.purpose {
            Purpose::EmailChange | Purpose::EmailChangeCurrent | Purpose::PhoneChange => {
                self.settle_change(token, user, then, client).await
            }
            Purpose::AuthCode => {
                let changes = self.password_changes_of(&user.id).await?;
                let acts: Vec<Act> = [take(&token)].into_iter().chain(then).collect();
                self.commit(&acts).await?;
                Ok(Settled::proven(Proof::new(user, method, self.now()).since(changes)))
            }
            // Taken where it is asked for.
            Purpose::Reauthentication => Err(ErrorKind::OtpExpired.into()),
            Purpose::Confirmation | Purpose::Invite | Purpose::MagicLink | Purpose::Recovery | Purpose::Sms => {
                self.settle_proof(token, user, method, then, client).await
            }
        }
    }

    /// The owner of the address has shown up.
    async fn settle_proof(
        &self,
        token: OneTimeToken,
        mut user: User,
        method: &'static str,
        then: Option<Act>,
        client: &Client,
    ) -> Result<Settled> {
        let address = match token.purpose {
            Purpose::Sms => user.phone.clone().map(Address::Phone),
            _ => user.email.clone().map(Address::Email),
        };
        let address = address.filter(|address| address.as_str() == token.sent_to);
        let address = address.ok_or(ErrorKind::OtpExpired)?;
        let (now, mut acts) = (self.now(), vec![take(&token)]);
        let is_invitation = token.purpose == Purpose::Invite;
        let was_proven = Self::is_proven(&user, &address);
        let mut changes = self.password_changes_of(&user.id).await?;
        if !was_proven {
            let proven_elsewhere = user.email_confirmed_at.is_some() || user.phone_confirmed_at.is_some();
            let is_swept = !proven_elsewhere && !keeps_password(&token);
            let mut patch = proven(&address, now);
            if is_swept {
                self.delete_sessions_of(&user.id, None).await?;
                acts.push(Act::DeleteOtherKeys(user.id.clone(), Some(address.key_id())));
                acts.push(Act::SetPassword(address.key_id(), None, now));
                forget_other_address(&address, &mut patch);
                self.forget_what_was_said(&token, &user, &mut patch);
                changes.clear();
            } else if !proven_elsewhere && keeps_password(&token) {
                // Somebody signed up twice with one password; this is the sign-up that is answered.
                let said = token.data.get(SAID).and_then(Value::as_object);
                let is_own = !user.app_metadata.contains_key(MADE_BY_ADMINISTRATOR);
                let both = said.filter(|_| is_own).map(|said| merged(&user.user_metadata, said));
                patch.user_metadata = both.filter(|both| check_metadata([both]).is_ok());
            }
            patch.forget_maker(&user);
            acts.push(Act::DeleteTokens(user.id.clone()));
            patch.apply(&mut user);
            acts.push(Act::UpdateUser(user.id.clone(), Box::new(patch)));
            acts.extend(then);
            self.commit(&acts).await?;
            if is_swept {
                // A sign-in between the two may have made one more.
                self.delete_sessions_of(&user.id, None).await?;
            }
            let confirmed = Event::new(EventKind::AddressConfirmed, now, client).user(&user.id);
            self.emit(&confirmed.reason(address.provider()));
        } else {
            acts.extend(then);
            self.commit(&acts).await?;
        }
        if is_invitation {
            self.emit(&Event::new(EventKind::InviteAccepted, now, client).user(&user.id));
        }
        Ok(Settled::proven(Proof::new(user, method, now).since(changes)))
    }
}

impl Auth {
    /// What somebody wrote about themselves before the address was proven goes; what came with this very token stays, and so
    /// does what an administrator wrote.
    fn forget_what_was_said(&self, token: &OneTimeToken, user: &User, patch: &mut UserPatch) {
        let said = token.data.get(SAID).and_then(Value::as_object).cloned();
        let said = said.unwrap_or_default();
        if user.app_metadata.contains_key(MADE_BY_ADMINISTRATOR) {
            // Strangers ask for links too: they add, and overwrite nothing, and what is too much for both is not added.
            let both = merged(&said, &user.user_metadata);
            patch.user_metadata = Some(both).filter(|both| check_metadata([both]).is_ok());
            return;
        }
        patch.user_metadata = Some(said);
        let declared = self.inner.config.schema.user_attributes();
        for attribute in declared.iter().filter(|attribute| attribute.is_editable()) {
            patch.attributes.set(attribute.name(), AttributeValue::Null);
        }
    }
}

/// The other address was nobody's proof either, and has lost its key.
fn forget_other_address(proven: &Address, patch: &mut UserPatch) {
    match proven {
        Address::Email(_) => patch.phone = Some(None),
        Address::Phone(_) => patch.email = Some(None),
    }
}

/// The act by which of all racers one gets the token.
pub(crate) fn take(token: &OneTimeToken) -> Act {
    Act::TakeToken(token.id.clone(), token.link_digest)
}

/// A sign-up that is answered keeps its password, unless a second one with another password came in between. Every other way
/// to prove an address says nothing about who chose the password.
fn keeps_password(token: &OneTimeToken) -> bool {
    token.says(SIGNED_UP) && !token.says(CONTESTED)
}

fn proven(address: &Address, now: crate::Timestamp) -> UserPatch {
    let mut patch = UserPatch {
        is_anonymous: Some(false),
        updated_at: Some(now),
        ..UserPatch::default()
    };
    match address {
        Address::Email(_) => patch.email_confirmed_at = Some(Some(now)),
        Address::Phone(_) => patch.phone_confirmed_at = Some(Some(now)),
    }
    patch
}

/// How a token that was taken shows up among the proofs of a session.
pub(crate) fn method_of(purpose: Purpose, is_link: bool) -> &'static str {
    match purpose {
        Purpose::Confirmation => "email/signup",
        Purpose::EmailChange | Purpose::EmailChangeCurrent => "email_change",
        Purpose::Invite => "invite",
        Purpose::MagicLink if is_link => "magiclink",
        Purpose::Recovery => "recovery",
        _ => "otp",
    }
}

/// What `type` in a request may mean.
pub(crate) fn purposes_of(word: &str) -> Option<&'static [Purpose]> {
    Some(match word {
        "signup" => &[Purpose::Confirmation, Purpose::MagicLink],
        "magiclink" => &[Purpose::MagicLink, Purpose::Confirmation],
        "email" => &[Purpose::MagicLink, Purpose::Confirmation],
        "invite" => &[Purpose::Invite],
        "recovery" => &[Purpose::Recovery],
        "email_change" | "email_change_current" | "email_change_new" => {
            &[Purpose::EmailChange, Purpose::EmailChangeCurrent]
        }
        "sms" => &[Purpose::Sms],
        "phone_change" => &[Purpose::PhoneChange],
        _ => return None,
    })
}
