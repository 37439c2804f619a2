use super::{
    link_request::{GenerateLink, GeneratedLink, LinkKind},
    new_account::BY_ADMINISTRATOR,
};
use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    flows::{
        address_change::{NEW_EMAIL, has_agreed, in_need_of_both, leads_to, with_agreement},
        confirmation::SAID,
        one_time::{Asked, Issued},
        users::{NewUser, check_metadata, merged},
    },
    model::{JsonObject, MUST_CHANGE_PASSWORD, Purpose, User, UserPatch},
    request::Client,
};

/// A link, and what the store has to be told for it to work.
struct Prepared {
    user: User,
    issued: Issued,
    acts: Vec<Act>,
    kind: LinkKind,
    is_new: bool,
}

impl Auth {
    /// Makes the link and code that would have been mailed, and mails nothing: whoever calls this brings them to their owner.
    /// Nothing is counted. Whoever holds the answer is as good as the owner of the address.
    ///
    /// ```
    /// # use auth_core::{Auth, GenerateLink, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// let link = auth.generate_link(GenerateLink::magic_link("ada@example.com")).await?;
    /// assert!(link.action_link.starts_with("https://example.com/api/auth/verify?token="));
    /// assert_eq!(link.verification_type, "signup"); // nobody had this address
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmailExists`] for a sign-up or an invitation of somebody who has proven the address, and for a change to
    /// one that is taken; [`ErrorKind::UserNotFound`] for a recovery or a change of nobody's address;
    /// [`ErrorKind::WeakPassword`], [`ErrorKind::ValidationFailed`], [`ErrorKind::Busy`],
    /// [`ErrorKind::DatabaseUpdateFailed`].
    #[doc(alias = "generateLink")]
    pub async fn generate_link(&self, wanted: GenerateLink) -> Result<GeneratedLink> {
        let asked = self.asked_leading_to(wanted.redirect_to.as_deref());
        self.make_link(wanted, &asked, &Client::default()).await
    }

    pub(super) async fn make_link(
        &self,
        wanted: GenerateLink,
        asked: &Asked,
        client: &Client,
    ) -> Result<GeneratedLink> {
        let mut asked = asked.clone();
        if let Some(target) = self.allowed(wanted.redirect_to.as_deref()) {
            asked.redirect_to = Some(target);
        }
        let address = Address::email(&wanted.email)?;
        let prepared = match wanted.kind {
            LinkKind::SignUp => self.sign_up_link(&address, wanted, &asked).await?,
            LinkKind::Invite => {
                let found = self.user_at(&address).await?;
                let (user, issued, acts) = self.prepare_invitation(&address, wanted.data, &asked).await?;
                let is_new = found.is_none();
                Prepared {
                    user,
                    issued,
                    acts,
                    kind: LinkKind::Invite,
                    is_new,
                }
            }
            LinkKind::MagicLink => self.magic_link(&address, wanted.data, &asked).await?,
            LinkKind::Recovery => {
                let user = self.owner_of(&address).await?;
                let issued = self.issue(Purpose::Recovery, &user.id, address.as_str(), &asked)?;
                Prepared::of(user, issued, LinkKind::Recovery)
            }
            LinkKind::EmailChangeCurrent | LinkKind::EmailChangeNew => {
                self.change_link(&address, wanted, &asked).await?
            }
        };
        self.commit_addresses(&prepared.acts, std::slice::from_ref(&address), Some(&prepared.user.id))
            .await?;
        let happened = |kind| Event::new(kind, self.now(), client).user(&prepared.user.id);
        if prepared.is_new {
            self.emit(&happened(EventKind::UserCreated).reason(BY_ADMINISTRATOR));
        }
        self.emit(&happened(EventKind::LinkGenerated).reason(prepared.kind.as_str()));
        Ok(self.generated(prepared))
    }

    fn generated(&self, prepared: Prepared) -> GeneratedLink {
        let Issued { record, link, code } = prepared.issued;
        let target = record.text("redirect_to");
        GeneratedLink {
            action_link: self.link(&link, record.purpose, target),
            email_otp: code.expose().to_owned(),
            hashed_token: link.expose().to_owned(),
            verification_type: prepared.kind.as_str(),
            redirect_to: target.map_or_else(|| self.inner.config.site_url.to_string(), str::to_owned),
            user: prepared.user,
        }
    }

    /// The owner of an address.
    ///
    /// # Errors
    /// [`ErrorKind::UserNotFound`].
    async fn owner_of(&self, address: &Address) -> Result<User> {
        let found = self.user_at(address).await?;
        found
            .map(|(_, user)| user)
            .ok_or_else(|| ErrorKind::UserNotFound.into())
    }

    /// A sign-up whose proof is brought by the caller. An account nobody has proven gets the password that is given here;
    /// without one, that of whoever signed up goes when the link is followed, because the caller cannot vouch for it.
    async fn sign_up_link(&self, address: &Address, wanted: GenerateLink, asked: &Asked) -> Result<Prepared> {
        let password = wanted.password.filter(|password| !password.is_empty());
        let said = wanted.data.clone();
        if let Some(password) = &password {
            self.check_new_password(password, address.as_str()).await?;
        }
        let (mut user, mut acts, is_new) = match self.user_at(address).await? {
            Some((_, user)) if Self::is_proven(&user, address) => return Err(ErrorKind::EmailExists.into()),
            Some((_, mut user)) => {
                let acts = self.noted(&mut user, &wanted.data)?;
                (user, acts, false)
            }
            None if password.is_none() => {
                return Err(Error::from(ErrorKind::ValidationFailed).detail("Signup requires a valid password"));
            }
            None => {
                let (user, made) = self.new_owner(address, wanted.data)?;
                (user, vec![made], true)
            }
        };
        let is_contested = password.is_none();
        if let Some(password) = password {
            let hash = self.inner.passwords.hash(password, &user.id).await?;
            acts.push(Act::SetPassword(address.key_id(), Some(hash), self.now()));
            acts.push(Self::chosen_for(&mut user));
        }
        let issued = self.issue_confirmation(address, &user.id, asked, is_contested)?;
        let issued = issued.data(SAID, said);
        acts.push(Act::SetToken(issued.record.clone()));
        Ok(Prepared {
            user,
            issued,
            acts,
            kind: LinkKind::SignUp,
            is_new,
        })
    }

    async fn magic_link(&self, address: &Address, data: JsonObject, asked: &Asked) -> Result<Prepared> {
        check_metadata([&data])?;
        if let Some((_, user)) = self.user_at(address).await? {
            let issued = self.issue(Purpose::MagicLink, &user.id, address.as_str(), asked)?;
            return Ok(Prepared::of(user, issued.data(SAID, data), LinkKind::MagicLink));
        }
        let (user, made) = self.new_owner(address, data.clone())?;
        let issued = self.issue(Purpose::Confirmation, &user.id, address.as_str(), asked)?;
        let issued = issued.data(SAID, data);
        let mut prepared = Prepared::of(user, issued, LinkKind::SignUp);
        prepared.acts.insert(0, made);
        prepared.is_new = true;
        Ok(prepared)
    }

    /// One half of a change of address. The other half is there as well from then on, with a link that nobody has seen; asking
    /// for it makes a new one. What was agreed to before stays agreed to.
    async fn change_link(&self, old: &Address, wanted: GenerateLink, asked: &Asked) -> Result<Prepared> {
        let user = self.owner_of(old).await?;
        let new = Address::email(wanted.new_email.as_deref().unwrap_or_default())?;
        self.check_free(std::slice::from_ref(&new), Some(&user.id)).await?;
        if new == *old {
            return Err(Error::from(ErrorKind::ValidationFailed).detail("The new email address is the present one."));
        }
        let tokens = self.inner.adapter.get_tokens_by_user_id(&user.id).await?;
        let there = |purpose: Purpose| {
            tokens.iter().find(|token| {
                token.purpose == purpose && leads_to(token) == Some(new.as_str()) && self.now() <= token.expires()
            })
        };
        let (asked_for, other) = match wanted.kind {
            LinkKind::EmailChangeCurrent => (Purpose::EmailChangeCurrent, Purpose::EmailChange),
            _ => (Purpose::EmailChange, Purpose::EmailChangeCurrent),
        };
        let asks_both = asked_for == Purpose::EmailChangeCurrent
            || self.inner.config.email.secure_change && user.email_confirmed_at.is_some();
        let half = |purpose: Purpose| {
            let sent_to = if purpose == Purpose::EmailChange { &new } else { old };
            let issued = self.issue(purpose, &user.id, sent_to.as_str(), asked)?;
            let issued = match purpose {
                Purpose::EmailChange => issued,
                _ => issued.data(NEW_EMAIL, new.as_str()),
            };
            Ok::<_, Error>(if asks_both { in_need_of_both(issued) } else { issued })
        };
        let is_agreed = there(asked_for).is_some_and(has_agreed);
        let mut issued = half(asked_for)?;
        if is_agreed {
            issued = with_agreement(issued);
        }
        let mut prepared = Prepared::of(user.clone(), issued, wanted.kind);
        if asks_both && !is_agreed && there(other).is_none() {
            prepared.acts.push(Act::SetToken(half(other)?.record));
        }
        Ok(prepared)
    }

    fn new_owner(&self, address: &Address, data: JsonObject) -> Result<(User, Act)> {
        let new = NewUser::with_key(address.provider(), address.as_str()).user_metadata(data);
        let (user, key) = self.prepare_user(new.made_by_administrator())?;
        let made = Act::SetUser(Box::new(user.clone()), Some(key));
        Ok((user, made))
    }

    /// Notes that the password is the administrator's choice, until the owner chooses another.
    fn chosen_for(user: &mut User) -> Act {
        user.app_metadata.insert(MUST_CHANGE_PASSWORD.to_owned(), true.into());
        let patch = UserPatch {
            app_metadata: Some(user.app_metadata.clone()),
            ..UserPatch::default()
        };
        Act::UpdateUser(user.id.clone(), Box::new(patch))
    }

    /// Adds to what is noted about a user.
    fn noted(&self, user: &mut User, data: &JsonObject) -> Result<Vec<Act>> {
        if data.is_empty() {
            return Ok(Vec::new());
        }
        let patch = UserPatch {
            user_metadata: Some(merged(&user.user_metadata, data)),
            updated_at: Some(self.now()),
            ..UserPatch::default()
        };
        check_metadata(patch.user_metadata.as_ref())?;
        patch.apply(user);
        Ok(vec![Act::UpdateUser(user.id.clone(), Box::new(patch))])
    }
}

impl Prepared {
    fn of(user: User, issued: Issued, kind: LinkKind) -> Self {
        Self {
            acts: vec![Act::SetToken(issued.record.clone())],
            user,
            issued,
            kind,
            is_new: false,
        }
    }
}
