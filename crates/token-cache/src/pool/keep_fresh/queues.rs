//! Which refresh of the background is next. Each deployment has a queue of its own, so that one
//! that does not answer does not hold up the others.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::pool::accounts::DeploymentHash;
use crate::pool::deployments::Search;

/// How many refreshes are under way at once, at all deployments. One deployment alone gets half.
pub(super) const AT_ONCE: usize = 512;

/// The refreshes that wait, by deployment.
pub(super) struct Queues<Job> {
    of: HashMap<DeploymentHash, Queue<Job>>,
    /// The deployments that have something waiting, in the order of their turns.
    turns: VecDeque<DeploymentHash>,
    search: Search,
}

struct Queue<Job> {
    waiting: VecDeque<Job>,
    /// Shared with what is under way.
    places: Arc<()>,
}

/// A place of a deployment, which is free again once this is dropped.
pub(super) struct Place(#[expect(dead_code, reason = "its drop is what counts")] Arc<()>);

impl<Job> Queues<Job> {
    pub(super) fn new() -> Self {
        Self {
            of: HashMap::new(),
            turns: VecDeque::new(),
            search: Search::default(),
        }
    }

    pub(super) fn add(&mut self, deployment: DeploymentHash, job: Job) {
        if self.search.is_due(self.of.len()) {
            self.of.retain(|_, queue| !queue.is_unused());
            self.search.found(self.of.len());
        }
        let queue = self.of.entry(deployment).or_insert_with(Queue::new);
        if queue.waiting.is_empty() {
            self.turns.push_back(deployment);
        }
        queue.waiting.push_back(job);
    }

    /// Takes the next refresh, while so many are under way. A deployment gets one more place if it
    /// has fewer than are free: however many of them hang, there are places for others.
    pub(super) fn next(&mut self, under_way: usize) -> Option<(Job, Place)> {
        let free = AT_ONCE.saturating_sub(under_way);
        if free == 0 {
            return None;
        }
        for _ in 0..self.turns.len() {
            let deployment = self.turns.pop_front()?;
            let queue = self.of.get_mut(&deployment)?;
            let begun = queue.begin(free);
            if !queue.waiting.is_empty() {
                self.turns.push_back(deployment);
            }
            if begun.is_some() {
                return begun;
            }
        }
        None
    }
}

impl<Job> Queue<Job> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            places: Arc::default(),
        }
    }

    fn is_unused(&self) -> bool {
        self.waiting.is_empty() && Arc::strong_count(&self.places) == 1
    }

    fn begin(&mut self, free: usize) -> Option<(Job, Place)> {
        let under_way = Arc::strong_count(&self.places) - 1;
        if under_way >= free {
            return None;
        }
        let job = self.waiting.pop_front()?;
        Some((job, Place(self.places.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins all that may begin. Returns how many of each deployment are under way then.
    fn begin(queues: &mut Queues<usize>, places: &mut Vec<(usize, Place)>) -> Vec<usize> {
        while let Some(begun) = queues.next(places.len()) {
            places.push(begun);
        }
        let count = |wanted| places.iter().filter(|(job, _)| *job == wanted).count();
        (0..10).map(count).collect()
    }

    fn add(queues: &mut Queues<usize>, deployment: usize, jobs: usize) {
        for _ in 0..jobs {
            queues.add(DeploymentHash::of(deployment as u64), deployment);
        }
    }

    #[test]
    fn one_deployment_gets_half_of_the_places() {
        let (mut queues, mut places) = (Queues::new(), Vec::new());
        add(&mut queues, 0, 1000);
        assert_eq!(begin(&mut queues, &mut places)[0], AT_ONCE / 2);
        places.clear();
        assert_eq!(begin(&mut queues, &mut places)[0], AT_ONCE / 2);
    }

    #[test]
    fn deployments_that_are_due_together_get_equal_shares() {
        let (mut queues, mut places) = (Queues::new(), Vec::new());
        (0..10).for_each(|deployment| add(&mut queues, deployment, 1000));
        let shares = begin(&mut queues, &mut places);
        assert!(
            shares.iter().all(|share| (46..=47).contains(share)),
            "{shares:?}"
        );
    }

    #[test]
    fn after_seven_that_hang_there_are_places_for_others() {
        let (mut queues, mut places) = (Queues::new(), Vec::new());
        for hanging in 0..7 {
            add(&mut queues, hanging, 1000);
            begin(&mut queues, &mut places);
        }
        add(&mut queues, 7, 10);
        assert_eq!(begin(&mut queues, &mut places)[7], 2);
        places.retain(|(job, _)| *job != 7);
        assert_eq!(begin(&mut queues, &mut places)[7], 2, "one after the other");
    }

    #[test]
    fn queues_that_are_not_used_are_forgotten() {
        let (mut queues, mut under_way) = (Queues::new(), Vec::new());
        for deployment in 0..50_000 {
            add(&mut queues, deployment, 1);
            under_way.extend(queues.next(0).filter(|_| deployment < 100));
        }
        assert!(queues.of.len() <= Search::KEPT, "{}", queues.of.len());
        let is_kept = |deployment| queues.of.contains_key(&DeploymentHash::of(deployment));
        assert!((0..100).all(is_kept), "some are under way");
    }

    #[test]
    fn very_many_deployments_do_not_get_more_than_all_places() {
        let (mut queues, mut places) = (Queues::new(), Vec::new());
        (0..5000).for_each(|deployment| add(&mut queues, deployment, 1));
        begin(&mut queues, &mut places);
        assert_eq!(places.len(), AT_ONCE);
    }
}
