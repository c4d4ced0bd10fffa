//! Answers of every endpoint.

use fuzzing::{NEW_ACCESS, NEW_REFRESH, Vendor, any_mutation, apply, check, run};
use proptest::prelude::*;
use proptest::sample::Index;
use token_core::Secret;

/// Takes a few seconds for all endpoints together.
const CASES: u32 = 500;

fn read_anything(vendor: &Vendor) {
    let secrets: Vec<&str> = vendor
        .secrets
        .iter()
        .map(Secret::expose)
        .chain([NEW_ACCESS, NEW_REFRESH])
        .collect();
    let mutations = prop::collection::vec(any_mutation(), 0..6);
    let values = (any::<Index>(), any::<Index>(), mutations);
    run(CASES, &values, |(answer, request, mutations)| {
        let answer = apply(&mutations, answer.get(&vendor.answers), &secrets);
        check(vendor, request.get(&vendor.requests), &answer)
    });
}

#[test]
fn any_answer_of_an_oauth2_server_keeps_the_laws() {
    read_anything(&Vendor::oauth2());
}

#[test]
fn any_answer_of_a_private_cloud_keeps_the_laws() {
    read_anything(&Vendor::private_cloud());
}

#[test]
fn any_answer_to_an_end_user_keeps_the_laws() {
    read_anything(&Vendor::end_user());
}

#[test]
fn any_answer_to_an_access_key_keeps_the_laws() {
    read_anything(&Vendor::access_key());
}

#[test]
fn any_answer_of_enos_keeps_the_laws() {
    read_anything(&Vendor::enos());
}
