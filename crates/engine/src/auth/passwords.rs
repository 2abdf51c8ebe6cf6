//! Passwords that are set and reset through an API, by the policy of an org that has not changed it.

use super::login::{fits, hash};
use super::{User, random_text};
use crate::system::{int, own, text};
use crate::{Failure, Org, Server};
use orglet_base::{ApiError, ErrorCode, Id, Statement};
use std::sync::atomic::Ordering;

/// Characters of a password at least.
const SHORTEST: usize = 8;
/// Characters of a password at most.
const LONGEST: usize = 16_000;
/// Passwords before the one of now that may not come again.
const REMEMBERED: usize = 2;
/// Characters of a password that the platform makes up.
const MADE_UP: usize = 9;
/// Passwords that everybody tries, in lower case.
const GUESSED: &[&str] = &[
    "12345678",
    "123456789",
    "abcd1234",
    "changeme",
    "letmein1",
    "passw0rd",
    "password",
    "password1",
    "qwerty123",
    "salesforce",
    "salesforce1",
];

/// The error of who has to set a password first.
pub(super) fn expired() -> ApiError {
    // https://github.com/SalesforceAIResearch/CRMArena/issues/22
    let text = "Your password has expired. Please reset your password.";
    ApiError::new(ErrorCode::InvalidOperationWithExpiredPassword, text).with_status(401)
}

/// Forgets all that is known of a user's earlier passwords.
pub(super) fn forget(org: Id, user: Id) -> Statement {
    own("DELETE FROM \"_passwords\" WHERE org = ?1 AND \"user\" = ?2", vec![org.to_string().into(), user.to_string().into()])
}

impl Server {
    /// Whether a user has to set a password before anything else is done.
    pub fn password_expired(&self, org: Id, user: Id) -> Result<bool, Failure> {
        Ok(self.noted(org, user)?.0)
    }

    /// Sets a user's password. One that the policy forbids is refused.
    pub fn change_password(&self, org: &Org, user: &User, new: &str) -> Result<(), Failure> {
        keeps_policy(user, new)?;
        let (_, earlier) = self.noted(org.id, user.id)?;
        if earlier.iter().any(|stored| fits(stored, new)) || self.password_fits(org, user, new)? {
            // Known from a client that passes over a 500 with these words.
            return Err(ApiError::new(ErrorCode::InvalidNewPassword, "invalid repeated password").with_status(500).into());
        }
        self.replace_password(org, user, new, false)
    }

    /// Gives a user a password that is made up, and answers it. The user has to set another one with it.
    pub fn reset_password(&self, org: &Org, user: &User) -> Result<String, Failure> {
        let password = loop {
            let text = random_text(MADE_UP)?;
            if is_mixed(&text) {
                break text;
            }
        };
        self.replace_password(org, user, &password, true)?;
        Ok(password)
    }

    /// Whether a password has expired, and the hashes of those before it.
    fn noted(&self, org: Id, user: Id) -> Result<(bool, Vec<String>), Failure> {
        let statement = own(
            "SELECT expired, earlier FROM \"_passwords\" WHERE org = ?1 AND \"user\" = ?2",
            vec![org.to_string().into(), user.to_string().into()],
        );
        let row = self.store.read_with::<_, Failure>(|tx| Ok(tx.first(&statement)?))?;
        Ok(row.map_or((false, Vec::new()), |row| (int(&row[0]) == 1, text(&row[1]).lines().map(str::to_owned).collect())))
    }

    /// Writes a password down; its security token, if there was one, went with the password before.
    fn replace_password(&self, org: &Org, user: &User, new: &str, expired: bool) -> Result<(), Failure> {
        let hash = hash(new)?;
        let (org_id, user_id) = (org.id.to_string(), user.id.to_string());
        let key = || vec![org_id.as_str().into(), user_id.as_str().into()];
        self.store.transact_with::<_, Failure>(|tx| {
            let current = tx.first(&own("SELECT password FROM \"_credentials\" WHERE org = ?1 AND \"user\" = ?2", key()))?;
            let before = tx.first(&own("SELECT earlier FROM \"_passwords\" WHERE org = ?1 AND \"user\" = ?2", key()))?;
            let current = current.iter().map(|row| text(&row[0]));
            let before = before.iter().flat_map(|row| text(&row[0]).lines());
            let earlier: Vec<&str> = current.chain(before).take(REMEMBERED).collect();
            let earlier = earlier.join("\n");
            tx.execute(&own(
                "INSERT INTO \"_credentials\" VALUES (?1, ?2, ?3, NULL) ON CONFLICT (org, \"user\") DO UPDATE \
                 SET password = excluded.password, password_with_token = excluded.password_with_token",
                [key(), vec![hash.as_str().into()]].concat(),
            ))?;
            tx.execute(&own(
                "INSERT INTO \"_passwords\" VALUES (?1, ?2, ?3, ?4) ON CONFLICT (org, \"user\") DO UPDATE \
                 SET expired = excluded.expired, earlier = excluded.earlier",
                [key(), vec![i64::from(expired).into(), earlier.into()]].concat(),
            ))?;
            Ok(())
        })?;
        self.sessions.restrict(org.id, user.id, expired);
        if user.id == self.admin_id() && self.is_default(org.id) {
            self.admin_password_changed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether a text has a letter and a digit.
fn is_mixed(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && text.chars().any(|c| c.is_ascii_digit())
}

/// INVALID_NEW_PASSWORD where the policy forbids a password whatever the ones before were. The words about letters and
/// numbers are documented, those about guesses known from a forum; the others are ours.
fn keeps_policy(user: &User, new: &str) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::new(ErrorCode::InvalidNewPassword, text));
    let (length, lower) = (new.chars().count(), new.to_lowercase());
    if length > LONGEST {
        return refuse(format!("Your password cannot be longer than {LONGEST} characters."));
    }
    if lower.contains(&user.username.to_lowercase()) {
        return refuse("Your password cannot equal or contain your user name.".to_owned());
    }
    if GUESSED.contains(&lower.as_str()) {
        return refuse("Your password cannot be easy to guess. Please choose a different one.".to_owned());
    }
    if length < SHORTEST {
        return refuse(format!("Your password must be at least {SHORTEST} characters long."));
    }
    if !is_mixed(new) {
        return refuse("Your password must have a mix of letters and numbers.".to_owned());
    }
    Ok(())
}
