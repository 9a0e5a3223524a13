//! Hashes and checks passwords with argon2id, at most two at a time, outside of the HTTP threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::base::random::Random;

/// Memory of one hash in KiB, its passes over it, and its lanes: OWASP's second choice, about 25 ms.
pub const MEMORY_KIB: u32 = 19_456;
pub const PASSES: u32 = 2;
pub const LANES: u32 = 1;
/// Hashes that run at a time, and how many may wait for them.
pub const AT_ONCE: usize = 2;
pub const WAITING_MAX: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("too many passwords are being checked; try again")]
    Busy,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    Wrong,
    Right,
    /// The password is right, but its stored hash has weaker parameters. This hash replaces it.
    RightButOld(String),
}

/// The one place where passwords are hashed.
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    random: Arc<dyn Random>,
}

impl Passwords {
    #[must_use]
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), waiting: AtomicUsize::new(0), random }
    }

    /// The hash to store, in PHC form.
    ///
    /// # Errors
    /// `Busy` when too many wait.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        let (password, salt) = (password.to_owned(), self.salt());
        self.run(move || hash(&password, &salt)).await?
    }

    /// Checks a password against a stored hash. Without a stored hash (no such user, no password yet) it does the
    /// same work in vain, so that the time does not reveal which users exist.
    ///
    /// # Errors
    /// `Busy` when too many wait.
    pub async fn check(&self, password: &str, stored: Option<String>) -> Result<Check, Error> {
        let (password, salt) = (password.to_owned(), self.salt());
        self.run(move || match stored {
            Some(stored) => check(&password, &stored, &salt),
            None => hash(&password, &salt).map(|_| Check::Wrong),
        })
        .await?
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        salt
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let waiting = Waiting::enter(&self.waiting).ok_or(Error::Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Busy)?;
        drop(waiting);
        // The permit moves into the task: a caller who disconnects does not free it while the work still runs.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
        .map_err(|error| Error::Hash(error.to_string()))
    }
}

/// Counts one who waits, and counts down when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::SeqCst);
        let entered = Self(count);
        (before < WAITING_MAX).then_some(entered)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| Error::Hash(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: &[u8]) -> Result<String, Error> {
    let hash: PasswordHash = argon2()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|e| Error::Hash(e.to_string()))?;
    Ok(hash.to_string())
}

fn check(password: &str, stored: &str, salt: &[u8]) -> Result<Check, Error> {
    let parsed = PasswordHash::new(stored).map_err(|e| Error::Hash(e.to_string()))?;
    match argon2()?.verify_password(password.as_bytes(), &parsed) {
        Ok(()) if is_old(&parsed) => Ok(Check::RightButOld(hash(password, salt)?)),
        Ok(()) => Ok(Check::Right),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Check::Wrong),
        Err(error) => Err(Error::Hash(error.to_string())),
    }
}

/// Was the hash made with less work than is asked for now?
fn is_old(hash: &PasswordHash) -> bool {
    let Ok(params) = Params::try_from(hash) else { return true };
    hash.algorithm.as_str() != "argon2id"
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || params.p_cost() < LANES
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Waker};

    use super::*;
    use crate::base::random::SeededRandom;

    #[tokio::test]
    async fn a_password_is_checked_against_its_hash() {
        let passwords = Passwords::new(Arc::new(SeededRandom::new(1)));
        let stored = passwords.hash("correct horse battery").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let again = passwords.hash("correct horse battery").await.unwrap();
        assert_ne!(stored, again, "each has a salt of its own");
        let check = |text: &'static str, stored: Option<String>| passwords.check(text, stored);
        assert_eq!(check("correct horse battery", Some(stored.clone())).await.unwrap(), Check::Right);
        assert_eq!(check("correct horse batterY", Some(stored)).await.unwrap(), Check::Wrong);
        assert_eq!(check("correct horse battery", None).await.unwrap(), Check::Wrong);
        assert!(check("x", Some("no hash".into())).await.is_err());
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_is_replaced() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
        let stored: PasswordHash = weak.hash_password_with_salt(b"an old password", &[7; 16]).unwrap();
        let passwords = Passwords::new(Arc::new(SeededRandom::new(1)));
        match passwords.check("an old password", Some(stored.to_string())).await.unwrap() {
            Check::RightButOld(new) => {
                assert_eq!(passwords.check("an old password", Some(new)).await.unwrap(), Check::Right);
            }
            other => panic!("{other:?}"),
        }
        let wrong = passwords.check("another password", Some(stored.to_string())).await.unwrap();
        assert_eq!(wrong, Check::Wrong);
    }

    #[tokio::test]
    async fn as_many_as_may_wait_wait_and_one_more_is_sent_away() {
        let passwords = Passwords::new(Arc::new(SeededRandom::new(1)));
        let held = Arc::clone(&passwords.permits).acquire_many_owned(AT_ONCE as u32).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(passwords.hash("x"))).collect();
        for wait in &mut waiting {
            let mut context = Context::from_waker(Waker::noop());
            assert!(wait.as_mut().poll(&mut context).is_pending());
        }
        assert!(matches!(passwords.hash("x").await, Err(Error::Busy)));
        drop(waiting);
        drop(held);
        assert!(passwords.hash("x").await.is_ok(), "those who hung up are not counted");
    }
}
