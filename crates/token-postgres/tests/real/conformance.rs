//! The conformance suite of every store.

mod directly {
    use crate::place::Place;

    token_testkit::store_conformance!(test = tokio::test, place = Place::direct().await);
}

// FAULTS.md row 40
mod a_transaction_pooler_keeps_no_session_state {
    use crate::place::Place;

    token_testkit::store_conformance!(test = tokio::test, place = Place::pooled().await);
}
