use super::draw::{HOUR_MS, Setting};
use super::*;
use crate::chaos::options::{Harm, Mix};
use crate::chaos::random::Random;

fn plans(harm: Harm) -> Vec<Plan> {
    plans_of(harm, Mix::Even)
}

fn plans_of(harm: Harm, mix: Mix) -> Vec<Plan> {
    let mut random = Random::from_seed(3);
    let setting = Setting {
        processes: 8,
        harm,
        mix,
        has_steps: true,
    };
    (0..2_000)
        .map(|_| Plan::draw(&mut random, setting))
        .collect()
}

fn kills(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::KillHolder(_)
            | Trouble::KillReceiver(_)
            | Trouble::KillAtStep(_)
            | Trouble::KillAnybody { .. }
            | Trouble::SpillAndKill { .. }
    )
}

#[test]
fn without_kills_no_process_dies_and_every_answer_that_was_acted_on_arrives() {
    for plan in plans(Harm::NoKills) {
        assert!(!kills(&plan.trouble));
        if let Trouble::Cut(cut) = plan.trouble {
            assert!(!Cut::LOSING.contains(&cut));
        }
    }
}

#[test]
fn clocks_step_by_hours_either_way_in_rounds_in_which_a_process_is_killed() {
    let plans = plans(Harm::Kills);
    for by_ms in [-3 * HOUR_MS, 3 * HOUR_MS] {
        let steps = |plan: &Plan| plan.step.is_some_and(|step| step.by_ms == by_ms);
        assert!(plans.iter().any(|plan| steps(plan) && kills(&plan.trouble)));
    }
}

#[test]
fn a_process_is_killed_before_every_step_of_a_write() {
    let plans = plans(Harm::Kills);
    for step in 1..=14 {
        let at_step = |plan: &Plan| matches!(plan.trouble, Trouble::KillAtStep(at) if at == step);
        assert!(plans.iter().any(at_step), "step {step}");
    }
}

#[test]
fn a_mix_of_outages_has_more_of_them_and_still_every_other_kind() {
    let share = |mix, is: fn(&Trouble) -> bool| {
        let plans = plans_of(Harm::Kills, mix);
        plans.iter().filter(|plan| is(&plan.trouble)).count() * 100 / plans.len()
    };
    let outages = |trouble: &Trouble| {
        matches!(
            trouble,
            Trouble::AwayBefore { .. } | Trouble::AwayAmid { .. } | Trouble::SpillAndKill { .. }
        )
    };
    assert!((14..20).contains(&share(Mix::Even, outages)));
    assert!((36..44).contains(&share(Mix::Outages, outages)));
    let others: [fn(&Trouble) -> bool; 4] = [
        kills,
        |trouble| matches!(trouble, Trouble::Cut(_)),
        |trouble| matches!(trouble, Trouble::LogOut { .. }),
        |trouble| matches!(trouble, Trouble::Redeem { .. }),
    ];
    let plans = plans_of(Harm::Kills, Mix::Outages);
    for other in others {
        assert!(plans.iter().any(|plan| other(&plan.trouble)));
    }
}

#[test]
fn one_seed_draws_the_same_plans() {
    let (one, other) = (plans(Harm::Kills), plans(Harm::Kills));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}
