use super::*;

fn with_one(token: &str) -> Grants {
    let mut grants = Grants::default();
    let grant = grants.open();
    grants.enter(
        OldToken::StaysValid,
        &pair(grant, 1, "access-1", Some(token)),
    );
    grants
}

fn pair(grant: usize, generation: u64, access: &str, refresh: Option<&str>) -> Pair {
    Pair {
        grant,
        generation,
        access: access.to_owned(),
        access_expires_ms: 100,
        refresh: refresh.map(str::to_owned),
        refresh_expires_ms: Some(1_000),
    }
}

#[test]
fn a_single_use_token_is_spent_once() {
    let mut grants = with_one("r1");
    let spent = grants.spend("r1", Rotation::SingleUse, 0).unwrap();
    assert_eq!(
        spent,
        Spent {
            grant: 0,
            generation: 2,
            reuse: false,
            refresh_expires_ms: 1_000
        }
    );
    assert_eq!(
        grants.spend("r1", Rotation::SingleUse, 0),
        Err(Denied::Spent)
    );
    assert!(grants.valid_access("access-1", 0).is_some());
}

#[test]
fn a_reused_token_revokes_the_grant_if_reuse_is_detected() {
    let mut grants = with_one("r1");
    grants.spend("r1", Rotation::Strict, 0).unwrap();
    grants.enter(OldToken::StaysValid, &pair(0, 2, "access-2", Some("r2")));
    assert_eq!(grants.spend("r1", Rotation::Strict, 0), Err(Denied::Spent));
    assert_eq!(
        grants.spend("r2", Rotation::Strict, 0),
        Err(Denied::Revoked)
    );
    assert!(grants.valid_access("access-2", 0).is_none());
}

#[test]
fn grace_ends() {
    let mut grants = with_one("r1");
    let grace = Rotation::Grace(Duration::from_millis(10));
    assert!(!grants.spend("r1", grace, 5).unwrap().reuse);
    assert!(grants.spend("r1", grace, 15).unwrap().reuse);
    assert_eq!(grants.spend("r1", grace, 16), Err(Denied::Spent));
}

#[test]
fn a_token_that_never_rotates_counts_generations_all_the_same() {
    let mut grants = with_one("r1");
    assert_eq!(
        grants.spend("r1", Rotation::Never, 0).unwrap().generation,
        2
    );
    grants.enter(OldToken::Revoked, &pair(0, 2, "access-2", None));
    assert!(grants.valid_access("access-1", 0).is_none());
    let spent = grants.spend("r1", Rotation::Never, 0).unwrap();
    assert_eq!(
        spent,
        Spent {
            grant: 0,
            generation: 3,
            reuse: false,
            refresh_expires_ms: 1_000
        }
    );
}

#[test]
fn tokens_expire_at_their_instant() {
    let mut grants = with_one("r1");
    assert!(grants.valid_access("access-1", 99).is_some());
    assert!(grants.valid_access("access-1", 100).is_none());
    assert_eq!(
        grants.spend("r1", Rotation::SingleUse, 1_000),
        Err(Denied::Expired)
    );
    assert_eq!(
        grants.spend("other", Rotation::SingleUse, 0),
        Err(Denied::Unknown)
    );
}
