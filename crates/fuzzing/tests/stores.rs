//! Token files and sealed records.
#![expect(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use fuzzing::{Mutation, Recorded, any_mutation, apply, leaks, run};
use proptest::prelude::*;
use quectel_auth::AccessKey;
use sha2::{Digest, Sha256};
use token_cache::TokenCache;
use token_core::store::{CommitCondition, Record, RefreshFingerprint};
use token_core::{Generation, Secret, TokenKey, TokenStore};
use token_file::FileStore;
use token_sealing::{Sealing, SealingKey};
use token_testkit::ScriptedClient;

const CASES: u32 = 1_000;
const BODY: &str = r#"{"access":"tG4f7DzQ2a90Lc1b85Xe36","refresh":"rS8c15Ne0bW7a2Hd94Jf63"}"#;
const ACCESS: &str = "tG4f7DzQ2a90Lc1b85Xe36";
const FINGERPRINT: RefreshFingerprint = RefreshFingerprint([1; 32]);
const FIRST: Generation = Generation::new(1);

fn key() -> TokenKey {
    TokenKey::of("acme", "api.acme.example", "user 17")
}

fn sealing() -> Sealing {
    Sealing::with(SealingKey::new("2026-03", [7; 32]).unwrap())
}

fn changed(content: &[u8], mutations: &[Mutation]) -> Vec<u8> {
    let recorded = Recorded {
        status: 200,
        headers: Vec::new(),
        body: content.to_vec(),
    };
    apply(mutations, &recorded, &[BODY]).body
}

fn tells_no_secret(error: &impl Debug, shown: &str) -> Result<(), TestCaseError> {
    let told = format!("{error:?} {error:#?} {shown}");
    prop_assert!(
        !leaks(&told, BODY) && !leaks(&told, ACCESS),
        "a token is shown: {told}"
    );
    Ok(())
}

#[test]
fn any_sealed_record_opens_as_it_was_or_is_refused() {
    let record = Record::new(FINGERPRINT, FIRST, Secret::from(BODY));
    let sealed = sealing().seal(&key(), &record).unwrap();
    let values = prop::collection::vec(any_mutation(), 0..4);
    run(CASES, &values, |mutations| {
        let changed = changed(sealed.as_bytes(), &mutations);
        let text = String::from_utf8_lossy(&changed);
        match sealing().open(&key(), FINGERPRINT, FIRST, &text) {
            Ok(body) => {
                prop_assert_eq!(body.expose(), BODY);
                prop_assert_eq!(text, sealed.as_str(), "a changed record opens");
                Ok(())
            }
            Err(error) => tells_no_secret(&error, &error.to_string()),
        }
    });
}

/// A store whose file is overwritten again and again.
struct Files {
    directory: PathBuf,
    store: FileStore,
    runtime: tokio::runtime::Runtime,
}

impl Files {
    fn new(name: &str, seal: impl FnOnce(FileStore) -> FileStore) -> Self {
        let name = format!("vendor-auth-fuzzing-{}-{name}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let store = seal(FileStore::at(&directory));
        Self {
            directory,
            store,
            runtime,
        }
    }

    fn with_a_record(self) -> Self {
        let record = Record::new(FINGERPRINT, FIRST, Secret::from(BODY));
        self.runtime
            .block_on(
                self.store
                    .commit(&key(), &CommitCondition::Overwrite, &record),
            )
            .unwrap();
        self
    }

    /// A record as the engine writes it after a login.
    fn with_a_login(self) -> Self {
        let answer = format!(r#"{{"code":200,"access_token":"QJWT {ACCESS}","expires_in":86400}}"#);
        let cache = self.cache(ScriptedClient::new().answer(200, &answer));
        self.runtime.block_on(cache.token()).unwrap();
        self
    }

    /// Returns a cache as a new process would build it.
    fn cache(&self, client: ScriptedClient) -> TokenCache {
        let endpoint = AccessKey::builder("https://iot.example.com")
            .access_key("access-key-7")
            .access_secret("S");
        let cache = TokenCache::builder(endpoint.build().unwrap())
            .http_client(client)
            .store(self.store.clone());
        cache.build().unwrap()
    }

    /// The file with the record.
    fn file(&self) -> PathBuf {
        let entries = fs::read_dir(&self.directory).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths
            .find(|path| path.extension().is_some_and(|end| end == "json"))
            .unwrap()
    }

    /// Any content of the file is a record, nothing or an error, and stays on disk.
    fn read_anything(&self) {
        let file = self.file();
        let whole = fs::read(&file).unwrap();
        let mutations = prop::collection::vec(any_mutation(), 0..4);
        run(
            CASES,
            &(mutations, any::<bool>()),
            |(mutations, with_hash)| {
                let content = match with_hash {
                    true => with_hash_of(&changed(content_of(&whole), &mutations)),
                    false => changed(&whole, &mutations),
                };
                fs::write(&file, &content).unwrap();
                match self.runtime.block_on(self.store.load(&key())) {
                    Ok(_) => {}
                    Err(error) => tells_no_secret(&error, &error.to_string())?,
                }
                prop_assert!(fs::read(&file).unwrap() == content, "the file was changed");
                Ok(())
            },
        );
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// All but the last line, which is a hash of the rest.
fn content_of(file: &[u8]) -> &[u8] {
    let lines = file.strip_suffix(b"\n").unwrap();
    let end = lines.iter().rposition(|byte| *byte == b'\n').unwrap();
    lines.get(..end).unwrap()
}

/// Adds the hash, so that a changed file is not refused only because of it.
fn with_hash_of(content: &[u8]) -> Vec<u8> {
    let hash: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    [content, b"\nsha256:", hash.as_bytes(), b"\n"].concat()
}

#[test]
fn any_token_file_is_read_or_refused_and_kept() {
    Files::new("plain", |store| store)
        .with_a_record()
        .read_anything();
}

#[test]
fn any_sealed_token_file_is_read_or_refused_and_kept() {
    Files::new("sealed", |store| store.sealed_with(sealing()))
        .with_a_record()
        .read_anything();
}

#[test]
fn any_record_of_the_engine_is_a_grant_or_an_error_without_secrets() {
    let files = Files::new("engine", |store| store).with_a_login();
    let file = files.file();
    let whole = fs::read(&file).unwrap();
    let (head, body) = whole.split_at(whole.iter().position(|byte| *byte == b'\n').unwrap() + 1);
    let values = prop::collection::vec(any_mutation(), 0..3);
    run(CASES / 2, &values, |mutations| {
        let body = changed(content_of(body), &mutations);
        let content = with_hash_of(&[head, &body].concat());
        fs::write(&file, content).unwrap();
        let cache = files.cache(ScriptedClient::new());
        match files.runtime.block_on(cache.grant_state()) {
            Ok(_) => Ok(()),
            Err(error) => tells_no_secret(&error, &error.to_string()),
        }
    });
}
