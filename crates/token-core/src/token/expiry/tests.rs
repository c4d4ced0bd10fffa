use proptest::prelude::*;

use super::*;

fn instants() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        any::<i64>().prop_map(Timestamp::from_unix_millis),
        (0..4_000_000_000_000_i64).prop_map(Timestamp::from_unix_millis),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
    ]
}

fn any_windows() -> impl Strategy<Value = RefreshPolicy> {
    (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(ahead, spread, reserve)| {
        RefreshPolicy::default()
            .refreshed_in_the_last(ahead)
            .spread_over(spread)
            .reserve(Duration::from_millis(reserve))
    })
}

fn ordered(validity: &Validity) -> bool {
    validity.issued_at <= validity.refresh_at
        && validity.refresh_at <= validity.usable_until
        && validity.usable_until <= validity.expires_at
}

proptest! {
    #[test]
    fn the_four_instants_are_in_order_for_every_lifetime(
        issued in instants(), expires in instants(), windows in any_windows(), jitter: u32,
        floor in instants(), cap in instants(),
    ) {
        let validity = Validity::new(issued, expires);
        prop_assert!(ordered(&validity));
        let drawn = validity.with_policy(&windows, jitter);
        prop_assert!(ordered(&drawn));
        prop_assert!(ordered(&drawn.not_refreshed_before(floor)));
        prop_assert!(ordered(&drawn.not_refreshed_before(floor).ending_by(cap)));
        prop_assert!(ordered(&drawn.with_refresh_at(cap)));
        prop_assert!(ordered(&drawn.with_refresh_at(cap).with_policy(&windows, jitter)));
        prop_assert!(ordered(&drawn.with_refresh_token_until(cap)));
        prop_assert!(ordered(&drawn.with_refresh_token_until(cap).with_policy(&windows, jitter)));
        prop_assert!(ordered(&Validity::without_end(issued).with_policy(&windows, jitter)));
        prop_assert!(ordered(&Validity::without_end(issued).ending_by(cap)));
    }

    #[test]
    fn a_token_is_expired_from_its_expiry_on(issued in instants(), expires in instants(), now in instants()) {
        let validity = Validity::new(issued, expires);
        prop_assert_eq!(validity.at(now) == Freshness::Expired, now >= validity.expires_at());
    }

    #[test]
    fn freshness_never_goes_back(
        issued in instants(), expires in instants(), jitter: u32, a in instants(), b in instants(),
    ) {
        let validity = Validity::new(issued, expires).with_policy(&RefreshPolicy::default(), jitter);
        prop_assert!(validity.at(a.min(b)) <= validity.at(a.max(b)));
    }

    #[test]
    fn an_earlier_expiry_never_extends_the_lifetime(issued in instants(), expires in instants(), cap in instants()) {
        let validity = Validity::new(issued, expires);
        prop_assert!(validity.ending_by(cap).expires_at() <= validity.expires_at());
    }

    #[test]
    fn jitter_stays_within_the_spread(seconds in 60_i64..1_000_000, jitter: u32) {
        let issued = Timestamp::from_unix_seconds(0);
        let plain = Validity::new(issued, Timestamp::from_unix_seconds(seconds));
        let drawn = plain.with_policy(&RefreshPolicy::default(), jitter);
        prop_assert!(drawn.refresh_at() <= plain.refresh_at());
        let moved = plain.refresh_at().since(drawn.refresh_at());
        prop_assert!(moved <= Duration::from_secs(u64::try_from(seconds).unwrap()) / 16);
    }
}

proptest! {
    // FAULTS.md row 70
    #[test]
    fn a_token_is_due_while_a_quarter_of_its_refresh_tokens_life_is_left(
        access in 1_i64..10_000_000, refresh in 2_i64..100_000_000, windows in any_windows(), jitter: u32,
    ) {
        let (issued, end) = (Timestamp::from_unix_seconds(0), Timestamp::from_unix_seconds(refresh));
        let validity = Validity::new(issued, Timestamp::from_unix_seconds(access)).with_refresh_token_until(end);
        let due = validity.with_policy(&windows, jitter).refresh_at();
        let quarter = Duration::from_secs(u64::try_from(refresh).unwrap()) / 4;
        prop_assert!(due <= end.before(quarter).max(issued.after(Duration::from_secs(1))));
        let plain = Validity::new(issued, Timestamp::from_unix_seconds(access)).with_policy(&windows, jitter);
        prop_assert!(due <= plain.refresh_at());
    }

    // FAULTS.md row 105
    #[test]
    fn a_token_without_an_expiry_is_always_fresh(issued in instants(), windows in any_windows(), jitter: u32, now in instants()) {
        let validity = Validity::without_end(issued).with_policy(&windows, jitter);
        prop_assert_eq!(validity.ends(), None);
        prop_assert!(now == Timestamp::MAX || validity.at(now) == Freshness::Fresh);
    }

    // FAULTS.md row 114
    #[test]
    fn the_instant_that_the_vendor_states_decides_when_a_token_is_due(
        life in 1_000_i64..10_000_000, share in 0_i64..=1000, jitter: u32,
    ) {
        let at = Timestamp::from_unix_millis;
        let requested = at(life * share / 1000);
        let validity = Validity::new(at(0), at(life)).with_refresh_at(requested);
        prop_assert_eq!(validity.refresh_at(), requested.min(validity.usable_until()));
        let drawn = validity.with_policy(&RefreshPolicy::default(), jitter);
        prop_assert!(drawn.refresh_at() >= requested.min(drawn.usable_until()));
        prop_assert!(drawn.refresh_at() <= drawn.usable_until());
    }
}

#[test]
fn a_twenty_second_token_is_never_fresh_after_it_expired() {
    let issued = Timestamp::from_unix_seconds(0);
    let validity = Validity::new(issued, Timestamp::from_unix_seconds(20));
    assert_eq!(
        validity.at(Timestamp::from_unix_seconds(20)),
        Freshness::Expired
    );
    assert_eq!(
        validity.at(Timestamp::from_unix_seconds(10)),
        Freshness::Fresh
    );
}

#[test]
fn a_token_is_not_due_before_the_vendor_would_issue_another() {
    let issued = Timestamp::from_unix_seconds(0);
    let half_hour = Timestamp::from_unix_seconds(1800);
    let validity =
        Validity::new(issued, Timestamp::from_unix_seconds(2000)).not_refreshed_before(half_hour);
    assert_eq!(validity.refresh_at(), half_hour);
}

// FAULTS.md row 70
#[test]
fn a_later_expiry_of_the_refresh_token_lifts_the_earlier_limit() {
    let at = Timestamp::from_unix_seconds;
    let validity = Validity::new(at(0), at(1000));
    let limited = validity.with_refresh_token_until(at(400));
    assert_eq!(limited.refresh_at(), at(300));
    assert_eq!(
        limited.with_refresh_token_until(at(800)).refresh_at(),
        at(600)
    );
    assert_eq!(limited.with_refresh_token_until(None), validity);
    assert_eq!(limited.with_refresh_token_until(at(-5)), validity);
}
