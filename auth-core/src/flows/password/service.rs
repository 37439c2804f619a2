use super::SignUp;
use crate::{
    adapter::Act,
    address::{Address, key_id},
    auth::Auth,
    delivery::LetterKind,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        confirmation::Receipt,
        one_time::Asked,
        sessions::{IssuedSession, NewSession},
        users::NewUser,
    },
    id::UserId,
    model::{KeyRecord, MUST_CHANGE_PASSWORD, User, UserPatch},
    password::Verified,
    proof::{PasswordChanges, Proof, password_changes},
    request::Client,
    secret::{HashedPassword, Password},
};

/// What came of a sign-up.
pub(crate) enum SignedUp {
    /// Nothing had to be proven.
    In(Box<(User, IssuedSession)>),
    /// The address has to be proven first.
    Awaited(Box<Receipt>),
}

impl Auth {
    /// Checks a password and answers the proof that opens a session. Creates no session and counts no attempts; the
    /// routes and [`Auth::sign_in_with_email`] do.
    ///
    /// Whatever the state of the account, exactly one hash is computed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidProviderId`] when there is no such user, [`ErrorKind::InvalidPassword`] when the password
    /// is wrong or the user has none, [`ErrorKind::OutdatedPassword`] when the stored hash is in no known format,
    /// [`ErrorKind::UserBanned`] (only after the right password), [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseFetchFailed`].
    pub async fn authenticate_user(
        &self,
        provider: &str,
        provider_user_id: &str,
        password: impl Into<Password>,
    ) -> Result<Proof> {
        let (_, proof) = self.prove(provider, provider_user_id, password.into()).await?;
        Ok(proof)
    }

    /// As [`Auth::authenticate_user`], with the key that the password is on.
    async fn prove(&self, provider: &str, provider_user_id: &str, password: Password) -> Result<(KeyRecord, Proof)> {
        self.inner
            .passwords
            .check_size(&password)
            .map_err(|_| ErrorKind::InvalidPassword)?;
        let id = key_id(provider, provider_user_id)?;
        let found = self.inner.adapter.get_key_and_user(&id).await?;
        let (key, user) = self
            .check_key(found, Some(password), ErrorKind::InvalidProviderId)
            .await?;
        if key.expires.is_some() {
            return Err(ErrorKind::InvalidProviderId.into());
        }
        let now = self.now();
        if user.is_banned(now) {
            return Err(ErrorKind::UserBanned.into());
        }
        Ok((key, Proof::new(user, "password", now)))
    }

    /// Signs in: counts the attempt, checks the password, opens a session. A password that would be refused as a new one today
    /// is good, and [`IssuedSession::weak_password`] says why it should be replaced.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidCredentials`] for an unknown account and a wrong password alike,
    /// [`ErrorKind::Throttled`], [`ErrorKind::UserBanned`] (only after the right password),
    /// [`ErrorKind::ValidationFailed`] when the address is none, [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseFetchFailed`], [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "signInWithEmail")]
    pub async fn sign_in_with_email(
        &self,
        email: &str,
        password: impl Into<Password>,
        session: NewSession,
    ) -> Result<(User, IssuedSession)> {
        self.sign_in(&Address::email(email)?, password.into(), session).await
    }

    /// As [`Auth::sign_in_with_email`], with a phone number.
    ///
    /// # Errors
    /// As [`Auth::sign_in_with_email`]; [`ErrorKind::PhoneNotConfirmed`], [`ErrorKind::PhoneLoginsDisabled`].
    #[doc(alias = "signInWithPhone")]
    pub async fn sign_in_with_phone(
        &self,
        phone: &str,
        password: impl Into<Password>,
        session: NewSession,
    ) -> Result<(User, IssuedSession)> {
        self.sign_in(&Address::phone(phone)?, password.into(), session).await
    }

    pub(crate) async fn sign_in(
        &self,
        address: &Address,
        password: Password,
        session: NewSession,
    ) -> Result<(User, IssuedSession)> {
        self.check_logins(address)?;
        self.inner
            .passwords
            .check_size(&password)
            .map_err(|_| ErrorKind::InvalidCredentials)?;
        let account = address.as_str();
        self.limit_sign_in(account, &session.client).await?;
        // Verifying takes the password, and only a right one is looked at more closely.
        let typed = Password::new(password.expose());
        let proven = self.prove(address.provider(), account, password).await;
        let (proven, proof) = match proven.and_then(|proven| self.check_confirmed(proven, address)) {
            Ok(proven) => proven,
            Err(error) => {
                let refused = self.refuse_sign_in(error, Some(account), &session.client);
                return Err(self.told_unconfirmed(refused, address).await?);
            }
        };
        self.forget_sign_in_failures(account).await;
        // A list that has to be asked is asked meanwhile.
        let context = [account];
        let weaknesses = self.inner.passwords.weaknesses(&typed, &context);
        let client = session.client.clone();
        let (opened, weak_password) = tokio::join!(self.open_session(&proof, session), weaknesses);
        let (user, mut issued) = opened?;
        issued.weak_password = weak_password;
        self.check_still_proven(&proven, &issued).await?;
        self.emit_signed_in(&issued, &client);
        Ok((user, issued))
    }

    /// What GoTrue's first clients were told of an account whose address nobody has proven, whatever the password: where that
    /// is switched on, it tells strangers who has one.
    async fn told_unconfirmed(&self, refused: Error, address: &Address) -> Result<Error> {
        let is_asked = self.inner.config.reveal_unconfirmed && refused.kind() == ErrorKind::InvalidCredentials;
        if !is_asked || !self.confirms(address) {
            return Ok(refused);
        }
        let found = self.inner.adapter.get_key_and_user(&address.key_id()).await?;
        Ok(match found {
            Some((_, user)) if !Self::is_proven(&user, address) => not_confirmed(address),
            _ => refused,
        })
    }

    /// Whoever knows the password is told that the address is still to be proven.
    fn check_confirmed(&self, proven: (KeyRecord, Proof), address: &Address) -> Result<(KeyRecord, Proof)> {
        if !self.confirms(address) || Self::is_proven(proven.1.user(), address) {
            return Ok(proven);
        }
        Err(not_confirmed(address))
    }

    /// Looks once more when the session is there: whoever changed the password or banned the user meanwhile has ended all
    /// sessions but this one.
    async fn check_still_proven(&self, proven: &KeyRecord, issued: &IssuedSession) -> Result<()> {
        let found = self.inner.adapter.get_key_and_user(&proven.id).await?;
        let refusal = match found {
            Some((_, user)) if user.is_banned(self.now()) => ErrorKind::UserBanned,
            // The same moment, not an earlier one: clocks differ, and are set back.
            Some((key, _)) if key.updated_at == proven.updated_at => return Ok(()),
            _ => ErrorKind::InvalidCredentials,
        };
        self.invalidate_session(&issued.session.id).await?;
        Err(refusal.into())
    }

    /// One answer for everything a stranger could learn from.
    fn refuse_sign_in(&self, error: Error, account: Option<&str>, client: &Client) -> Error {
        let reason = match error.kind() {
            ErrorKind::InvalidPassword => "wrong_password",
            ErrorKind::InvalidProviderId => "unknown_account",
            ErrorKind::OutdatedPassword => "outdated_password",
            ErrorKind::UserBanned => "banned",
            ErrorKind::EmailNotConfirmed | ErrorKind::PhoneNotConfirmed => "not_confirmed",
            _ => return error,
        };
        let failed = Event::new(EventKind::SignInFailed, self.now(), client).reason(reason);
        self.emit(&failed.account(account.map(|account| self.account_subject(account))));
        match error.kind() {
            ErrorKind::UserBanned | ErrorKind::EmailNotConfirmed | ErrorKind::PhoneNotConfirmed => error,
            _ => ErrorKind::InvalidCredentials.into(),
        }
    }

    /// Notes the sign-in and opens the session. A session whose owner was banned or changed the password since the proof does
    /// not live.
    pub(crate) async fn finish_sign_in(&self, proof: Proof, session: NewSession) -> Result<(User, IssuedSession)> {
        let client = session.client.clone();
        let (user, issued) = self.open_session(&proof, session).await?;
        if let Some(refusal) = self.outlived(&proof).await? {
            self.invalidate_session(&issued.session.id).await?;
            return Err(refusal.into());
        }
        self.emit_signed_in(&issued, &client);
        Ok((user, issued))
    }

    /// As [`Auth::finish_sign_in`], for a sign-in that may still be refused: nobody is told of it yet.
    async fn open_session(&self, proof: &Proof, session: NewSession) -> Result<(User, IssuedSession)> {
        let now = self.now();
        let patch = UserPatch {
            last_sign_in_at: Some(Some(now)),
            ..UserPatch::default()
        };
        self.inner.adapter.update_user(proof.user_id(), &patch).await?;
        let issued = self.create_session(proof, session).await?;
        let mut user = proof.user().clone();
        patch.apply(&mut user);
        Ok((user, issued))
    }

    fn emit_signed_in(&self, issued: &IssuedSession, client: &Client) {
        let session = &issued.session;
        let signed_in = Event::new(EventKind::SignInSucceeded, session.created_at, client);
        self.emit(&signed_in.user(&session.user_id).session(&session.id));
    }

    /// What has become of a proof whose session is there: whoever banned the user or changed the password since has ended all
    /// sessions but this one.
    async fn outlived(&self, proof: &Proof) -> Result<Option<ErrorKind>> {
        let user = self.inner.adapter.get_user(proof.user_id()).await?;
        if user.is_some_and(|user| user.is_banned(self.now())) {
            return Ok(Some(ErrorKind::UserBanned));
        }
        let Some(changes) = proof.password_changes() else {
            return Ok(None);
        };
        let is_as_it_was = self.password_changes_of(proof.user_id()).await? == *changes;
        Ok((!is_as_it_was).then_some(ErrorKind::OtpExpired))
    }

    /// Makes an account and opens its first session; none, when the address has to be proven first. Then nobody learns whether
    /// there was an account already: the user that is answered for a taken address is one nobody stored.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKeyId`] when the address is taken and need not be proven: after the same work, and without a
    /// session; [`ErrorKind::EmailSignupsDisabled`], [`ErrorKind::OverEmailSendRateLimit`],
    /// [`ErrorKind::DuplicateUserData`] when a unique attribute is, [`ErrorKind::SignupDisabled`],
    /// [`ErrorKind::Throttled`], [`ErrorKind::WeakPassword`], [`ErrorKind::ValidationFailed`], [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "signUpWithEmail")]
    pub async fn sign_up_with_email(&self, sign_up: SignUp) -> Result<(User, Option<IssuedSession>)> {
        let asked = self.asked_leading_to(sign_up.redirect_to.as_deref());
        Ok(match self.sign_up(sign_up, &asked).await? {
            SignedUp::In(signed_in) => {
                let (user, issued) = *signed_in;
                (user, Some(issued))
            }
            SignedUp::Awaited(receipt) => (receipt.user, None),
        })
    }

    /// As [`Auth::sign_up_with_email`], for [`SignUp::with_phone`].
    ///
    /// # Errors
    /// As [`Auth::sign_up_with_email`]; [`ErrorKind::PhoneSignupsDisabled`], [`ErrorKind::OverSmsSendRateLimit`].
    #[doc(alias = "signUpWithPhone")]
    pub async fn sign_up_with_phone(&self, sign_up: SignUp) -> Result<(User, Option<IssuedSession>)> {
        self.sign_up_with_email(sign_up).await
    }

    pub(crate) async fn sign_up(&self, sign_up: SignUp, asked: &Asked) -> Result<SignedUp> {
        if !self.inner.config.signup {
            return Err(ErrorKind::SignupDisabled.into());
        }
        let address = sign_up.address()?;
        self.check_signups(&address)?;
        self.limit_sign_up(address.as_str(), &sign_up.session.client).await?;
        if self.confirms(&address) {
            let receipt = self.sign_up_unconfirmed(&address, sign_up, asked).await?;
            return Ok(SignedUp::Awaited(Box::new(receipt)));
        }
        let new = NewUser::with_password(address.provider(), address.as_str(), sign_up.password)
            .attributes(sign_up.attributes)
            .user_metadata(sign_up.user_metadata)
            .confirmed(true)
            .client(sign_up.session.client.clone());
        let user = self.create_user(new).await?;
        let proof = Proof::new(user, "password", self.now());
        let (user, issued) = self.finish_sign_in(proof, sign_up.session).await?;
        Ok(SignedUp::In(Box::new((user, issued))))
    }

    /// Refuses what is too weak to be the password of a new account.
    pub(crate) async fn check_new_password(&self, password: &Password, address: &str) -> Result<()> {
        self.inner.passwords.check_new(password, &[address]).await
    }

    /// Sets or removes the password of a user, and ends all sessions.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidUserId`] when there is no such user or no key the password could be on,
    /// [`ErrorKind::WeakPassword`], [`ErrorKind::Busy`], [`ErrorKind::DatabaseUpdateFailed`].
    pub async fn update_user_password(&self, user_id: &UserId, password: Option<Password>) -> Result<User> {
        let user = self.get_user(user_id).await?;
        if let Some(password) = &password {
            let context: Vec<&str> = user.email.as_deref().into_iter().collect();
            self.inner.passwords.check_new(password, &context).await?;
        }
        let hash = match password {
            Some(password) => Some(self.inner.passwords.hash(password, user_id).await?),
            None => None,
        };
        // Before and after: if the store fails in between, no session of a thief stays.
        self.invalidate_all_user_sessions(user_id).await?;
        self.store_password(&user, hash.as_ref(), &Client::default()).await?;
        self.invalidate_all_user_sessions(user_id).await?;
        Ok(user)
    }

    /// Sets or removes the password; whether it is good enough, and which sessions end, is the caller's decision. Guesses at
    /// the old one are forgotten, so that an account a stranger has locked is open to its owner again.
    pub(crate) async fn store_password(
        &self,
        user: &User,
        hash: Option<&HashedPassword>,
        client: &Client,
    ) -> Result<()> {
        let now = self.now();
        self.inner.adapter.set_password(&user.id, hash, now).await?;
        self.emit(&Event::new(EventKind::PasswordChanged, now, client).user(&user.id));
        self.after_password_change(user).await?;
        self.forget_guesses(user).await;
        Ok(())
    }

    /// Forgets failed sign-ins with the password that was.
    pub(crate) async fn forget_guesses(&self, user: &User) {
        for address in user.email.iter().chain(&user.phone) {
            self.forget_sign_in_failures(address).await;
        }
    }

    /// Whatever was sent before the change opens nothing any more, and the owner is told.
    async fn after_password_change(&self, user: &User) -> Result<()> {
        let mut acts = vec![Act::DeleteTokens(user.id.clone())];
        if user.app_metadata.contains_key(MUST_CHANGE_PASSWORD) {
            let mut notes = user.app_metadata.clone();
            notes.remove(MUST_CHANGE_PASSWORD);
            let patch = UserPatch {
                app_metadata: Some(notes),
                ..UserPatch::default()
            };
            acts.push(Act::UpdateUser(user.id.clone(), Box::new(patch)));
        }
        acts.extend(self.password_changed_letter(user)?);
        self.commit(&acts).await
    }

    /// Tells the owner that the password is another; nobody, where no address is proven or no mail can be sent.
    pub(crate) fn password_changed_letter(&self, user: &User) -> Result<Option<Act>> {
        let is_proven = user.email_confirmed_at.is_some();
        let email = user.email.as_deref();
        email
            .filter(|_| is_proven && self.inner.post.has_mailer())
            .map(|email| self.notice(LetterKind::PasswordChanged, email, user, |_| {}))
            .transpose()
    }

    /// Checks the current password of somebody who is signed in. Counted by itself, because it can be guessed and because
    /// a stranger who has used up the sign-ins of the account must not lock its owner out of it.
    pub(crate) async fn check_current_password(&self, user: &User, password: Password, client: &Client) -> Result<()> {
        let hash = self.password_of(&user.id).await?;
        let hash = hash.ok_or(ErrorKind::UpdateNeedsReauthentication)?;
        self.inner
            .passwords
            .check_size(&password)
            .map_err(|_| ErrorKind::CurrentPasswordInvalid)?;
        self.limit_reauthentication(&user.id, client).await?;
        match self.inner.passwords.verify(password, Some((&user.id, &hash))).await {
            Ok(Verified::Yes | Verified::Outdated) => {
                self.forget_reauthentications(&user.id).await;
                Ok(())
            }
            Ok(_) => Err(self.refuse_current(ErrorKind::InvalidPassword.into(), client)),
            Err(error) => Err(self.refuse_current(error, client)),
        }
    }

    /// Their own password is nobody's secret before somebody who is signed in: they are told that it is wrong.
    fn refuse_current(&self, error: Error, client: &Client) -> Error {
        let refused = self.refuse_sign_in(error, None, client);
        match refused.kind() {
            ErrorKind::InvalidCredentials => ErrorKind::CurrentPasswordInvalid.into(),
            _ => refused,
        }
    }

    /// What of a user's keys changes with a password.
    pub(crate) async fn password_changes_of(&self, user_id: &UserId) -> Result<PasswordChanges> {
        let keys = self.inner.adapter.get_keys_by_user_id(user_id).await?;
        Ok(password_changes(keys))
    }

    /// The hash of the password a user signs in with.
    pub(crate) async fn password_of(&self, user_id: &UserId) -> Result<Option<HashedPassword>> {
        let keys = self.inner.adapter.get_keys_by_user_id(user_id).await?;
        Ok(keys
            .into_iter()
            .filter(|key| key.expires.is_none())
            .find_map(|key| key.hashed_password))
    }
}

fn not_confirmed(address: &Address) -> Error {
    match address {
        Address::Email(_) => ErrorKind::EmailNotConfirmed,
        Address::Phone(_) => ErrorKind::PhoneNotConfirmed,
    }
    .into()
}
