use super::*;

fn plans(harm: Harm) -> Vec<Plan> {
    let mut random = Random::from_seed(3);
    (0..2_000).map(|_| Plan::draw(&mut random, 8, harm)).collect()
}

fn kills(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::KillHolder(_)
            | Trouble::KillReceiver(_)
            | Trouble::KillAnybody { .. }
            | Trouble::SpillAndKill { .. }
    )
}

#[test]
fn without_kills_nobody_dies_and_every_answer_that_was_acted_on_arrives() {
    for plan in plans(Harm::NoKills) {
        assert!(!kills(&plan.trouble));
        if let Trouble::Cut(cut) = plan.trouble {
            assert!(!matches!(
                cut,
                Cut::ResetAfter | Cut::InHeaders | Cut::InBody | Cut::AnotherAnswer
            ));
        }
    }
}

#[test]
fn nobody_is_killed_where_a_clock_steps_by_hours() {
    let plans = plans(Harm::Kills);
    let by_hours = |plan: &&Plan| plan.step.is_some_and(|step| step.by_ms.abs() >= HOUR_MS);
    let stepped: Vec<_> = plans.iter().filter(by_hours).collect();
    assert!(!stepped.is_empty());
    for plan in stepped {
        assert!(!kills(&plan.trouble), "{plan:?}");
    }
}

#[test]
fn one_seed_draws_the_same_plans() {
    let (one, other) = (plans(Harm::Kills), plans(Harm::Kills));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
