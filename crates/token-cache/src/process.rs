//! Which process this is: a forked child has a copy of its parent's memory, but none of its
//! threads.

use std::cell::RefCell;

use forkguard::Guard;

/// Returns the id of this process. To ask the system takes a fifth of a microsecond, and a refresh
/// asks several times: so each thread remembers the answer until the process forks.
pub(crate) fn id() -> u32 {
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::new(Known::new());
    }
    // A thread that ends may remember nothing any more.
    let known = KNOWN.try_with(|known| known.borrow_mut().id());
    known.unwrap_or_else(|_| std::process::id())
}

struct Known {
    forks: Guard,
    id: u32,
}

impl Known {
    fn new() -> Self {
        // In this order, so that a fork in between is noticed.
        Self {
            forks: Guard::default(),
            id: std::process::id(),
        }
    }

    fn id(&mut self) -> u32 {
        if self.forks.detected_fork() {
            self.id = std::process::id();
        }
        self.id
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(unix)]
    fn a_forked_child_has_another_id_than_its_parent_remembers() {
        use fork::Fork;

        let ours = super::id();
        assert_eq!(ours, std::process::id());
        match fork::fork().unwrap() {
            Fork::Child => {
                let is_right = super::id() == std::process::id() && super::id() != ours;
                std::process::exit(i32::from(!is_right));
            }
            Fork::Parent(child) => {
                let status = fork::waitpid(child).unwrap();
                assert_eq!(fork::WEXITSTATUS(status), 0);
            }
        }
        assert_eq!(super::id(), ours);
    }
}
