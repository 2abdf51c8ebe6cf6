//! Logins by password and the grants of the token endpoint.

use super::{Identity, User};
use crate::system::{own, text};
use crate::{Failure, Org, Server, dev};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use orglet_base::{Id, OwnedCell, Param};
use orglet_schema::AccessSet;
use orglet_store::StoreError;
use std::sync::Arc;

/// Why a login is refused.
#[derive(Debug)]
pub enum LoginError {
    /// Unknown user, wrong password, or the user is locked out; the platform does not say which.
    Credentials,
    /// The user is not active.
    Inactive,
    /// No connected app has this consumer key.
    ClientId,
    /// The consumer secret is wrong.
    ClientSecret,
    /// Something else went wrong.
    Failure(Failure),
}

impl From<Failure> for LoginError {
    fn from(e: Failure) -> Self {
        LoginError::Failure(e)
    }
}

/// A session granted.
pub struct Grant {
    /// Whose it is; the token is in it.
    pub identity: Identity,
    /// Milliseconds since 1970.
    pub issued_at: i64,
    /// Whether the user must set a password before anything else is done.
    pub password_expired: bool,
}

impl Server {
    /// Logs a user in by name and password. The security token may follow the password: this server takes every
    /// address it listens on as trusted, so that it is not required.
    pub fn login(&self, username: &str, password: &str) -> Result<Grant, LoginError> {
        if username.contains('\0') {
            // No name can be that.
            return Err(LoginError::Credentials);
        }
        let id = self.orgs.usernames.org_of(username)?.ok_or(LoginError::Credentials)?;
        let (org, user) = self.with_org(id, |org| org.user_by_name(username))?.ok_or(LoginError::Credentials)?;
        let user = user.ok_or(LoginError::Credentials)?;
        if !self.password_fits(&org, &user, password)? {
            return Err(LoginError::Credentials);
        }
        self.grant(org, user)
    }

    /// The org in which somebody has a login name; `None` where nobody has.
    pub fn org_of_login(&self, username: &str) -> Result<Option<Id>, Failure> {
        if username.contains('\0') { Ok(None) } else { self.orgs.usernames.org_of(username) }
    }

    /// The password grant: a login through a connected app.
    pub fn password_grant(
        &self,
        client_id: &str,
        client_secret: Option<&str>,
        username: &str,
        password: &str,
    ) -> Result<Grant, LoginError> {
        self.check_client(client_id, client_secret)?;
        self.login(username, password)
    }

    /// The client-credentials grant: runs as the user that the connected app is configured with.
    pub fn client_credentials_grant(&self, client_id: &str, client_secret: &str) -> Result<Grant, LoginError> {
        self.check_client(client_id, Some(client_secret))?;
        let found = self.with_org(self.default_org().id, |org| org.user(self.admin_id()))?;
        let (org, user) = found.ok_or(LoginError::Credentials)?;
        let user = user.ok_or(LoginError::Credentials)?;
        self.grant(org, user)
    }

    /// A user of an org, wherever that is now; `None` where there is none.
    pub fn user(&self, org: Id, user: Id) -> Result<Option<Arc<User>>, Failure> {
        Ok(self.with_org(org, |org| org.user(user))?.and_then(|(_, user)| user))
    }

    /// Checks a connected app's consumer key and secret; no secret fits none.
    pub fn check_client(&self, client_id: &str, client_secret: Option<&str>) -> Result<(), LoginError> {
        let (id, secret) = self.client();
        if client_id != id {
            return Err(LoginError::ClientId);
        }
        match client_secret {
            Some(given) if given == secret => Ok(()),
            _ => Err(LoginError::ClientSecret),
        }
    }

    fn grant(&self, org: Arc<Org>, user: Arc<User>) -> Result<Grant, LoginError> {
        if !user.active {
            return Err(LoginError::Inactive);
        }
        let password_expired = self.password_expired(org.id, user.id)?;
        let token = self.sessions.create(org.id, user.id, password_expired)?;
        let issued_at = org.now().0;
        let access = self.access_in(&org);
        Ok(Grant { identity: Identity { org, user, access, token: token.into() }, issued_at, password_expired })
    }

    pub(super) fn password_fits(&self, org: &Org, user: &User, given: &str) -> Result<bool, Failure> {
        let own = self.stored_hashes(org, user.id)?;
        // Until it has a password of its own, the administrator of an org has that of the server.
        let inherited = own.is_none() && user.id == self.admin_id() && !self.is_default(org.id);
        let row = if inherited { self.stored_hashes(&self.default_org(), user.id)? } else { own };
        let Some(row) = row else {
            // The development password is public, so that there is nothing to hash.
            let rest = given.strip_prefix(dev::PASSWORD);
            return Ok(user.id == self.admin_id() && rest.is_some_and(|rest| rest.is_empty() || rest == self.unhashed_token()));
        };
        // The second one is empty where there is no security token.
        Ok(row.iter().map(text).any(|stored| !stored.is_empty() && fits(stored, given)))
    }

    /// The hashes of a user's password, alone and with the security token behind it; `None` where none was set.
    pub(crate) fn stored_hashes(&self, org: &Org, user: Id) -> Result<Option<Vec<OwnedCell>>, Failure> {
        self.store.read_with::<_, Failure>(|tx| {
            Ok(tx.first(&own(
                "SELECT password, password_with_token FROM \"_credentials\" WHERE org = ?1 AND \"user\" = ?2",
                vec![org.id.to_string().into(), user.to_string().into()],
            ))?)
        })
    }

    /// Sets a user's password and security token. Neither is kept: hashed are the password alone and the password with
    /// the token behind it. An empty token is none.
    pub fn set_password(&self, org: &Org, user: Id, password: &str, security_token: &str) -> Result<(), Failure> {
        self.set_password_of(org.id, user, password, security_token)
    }

    /// The same for an org by its id, which need not be open.
    pub(crate) fn set_password_of(&self, org: Id, user: Id, password: &str, security_token: &str) -> Result<(), Failure> {
        let alone = hash(password)?;
        let with_token = if security_token.is_empty() { None } else { Some(hash(&format!("{password}{security_token}"))?) };
        self.store.transact_with::<_, Failure>(|tx| {
            let with_token = with_token.as_deref().map_or(OwnedCell::Null, |hash| OwnedCell::Text(hash.into()));
            tx.execute(&own(
                "INSERT INTO \"_credentials\" VALUES (?1, ?2, ?3, ?4) ON CONFLICT (org, \"user\") DO UPDATE \
                 SET password = excluded.password, password_with_token = excluded.password_with_token",
                vec![org.to_string().into(), user.to_string().into(), alone.as_str().into(), Param::Cell(with_token)],
            ))?;
            tx.execute(&super::passwords::forget(org, user))?;
            Ok(())
        })
    }

    /// Forgets the password that was set for a user; the administrator then has the development one again.
    pub(crate) fn forget_password(&self, org: &Org, user: Id) -> Result<(), Failure> {
        self.store.transact_with::<_, Failure>(|tx| {
            tx.execute(&own(
                "DELETE FROM \"_credentials\" WHERE org = ?1 AND \"user\" = ?2",
                vec![org.id.to_string().into(), user.to_string().into()],
            ))?;
            tx.execute(&super::passwords::forget(org.id, user))?;
            Ok(())
        })
    }

    /// The identity behind an access token; `None` where it is unknown, expired or revoked. Who has to set a password first
    /// is refused.
    pub fn authenticate(&self, token: &str) -> Result<Option<Identity>, Failure> {
        self.authenticate_for(token, false)
    }

    /// The same; `in_any_case` is for requests that who has to set a password may make before.
    pub fn authenticate_for(&self, token: &str, in_any_case: bool) -> Result<Option<Identity>, Failure> {
        let Some((org, _)) = token.split_once('!') else { return Ok(None) };
        let Ok(org_id) = Id::parse(org) else { return Ok(None) };
        // The session comes first: a token that is none must not make an org be opened.
        let user = if self.is_standing_token(org_id, token) {
            self.admin_id()
        } else {
            match self.sessions.find(token)? {
                Some(session) if session.org == org_id && session.restricted && !in_any_case => {
                    return Err(super::passwords::expired().into());
                }
                Some(session) if session.org == org_id => session.user,
                _ => return Ok(None),
            }
        };
        let Some((org, user)) = self.with_org(org_id, |org| org.user(user))? else { return Ok(None) };
        let Some(user) = user.filter(|u| u.active) else { return Ok(None) };
        let access = self.access_in(&org);
        Ok(Some(Identity { org, user, access, token: token.into() }))
    }

    /// When the session of a token began and when it ends unless it is used, in milliseconds since 1970; `None` for a
    /// token that no session has, the standing one among them.
    pub fn session_times(&self, token: &str) -> Result<Option<(i64, i64)>, Failure> {
        self.sessions.times(token)
    }

    /// Ends the session of a token; answers whether there was one.
    pub fn revoke(&self, token: &str) -> Result<bool, Failure> {
        self.sessions.revoke(token)
    }

    pub(crate) fn full_access() -> Arc<AccessSet> {
        Arc::new(AccessSet::full())
    }
}

/// Whether a hash is that of a password.
pub(super) fn fits(stored: &str, given: &str) -> bool {
    PasswordHash::new(stored).is_ok_and(|hash| argon2::Argon2::default().verify_password(given.as_bytes(), &hash).is_ok())
}

/// The hash of a password.
pub(super) fn hash(text: &str) -> Result<String, Failure> {
    let broken = |e: argon2::password_hash::Error| Failure::Store(StoreError::Other(format!("hashing: {e}")));
    Ok(argon2::Argon2::default().hash_password(text.as_bytes()).map_err(broken)?.to_string())
}

impl Grant {
    /// The token answer's `signature`: Base64 of HMAC-SHA256, keyed with the consumer secret, over identity URL and
    /// time of issue.
    pub fn signature(&self, client_secret: &str, identity_url: &str) -> String {
        let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(client_secret.as_bytes()) else { return String::new() };
        mac.update(identity_url.as_bytes());
        mac.update(self.issued_at.to_string().as_bytes());
        base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
    }
}
