//! What a provider keeps of answered calls: the state behind `previous_response_id` and its like.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// The most answers that are kept; the oldest go first.
const KEPT: usize = 1 << 12;

/// How far the work on an answer is, for those who look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It was answered while its caller waited.
    Done,
    /// It is answered in the background. Each look at it finds it further on, so that no test has to wait.
    Background {
        /// How many looks it has had.
        looks: u32,
    },
    /// It was called off before it was done.
    Cancelled,
}

/// One answer and what led to it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The finished answer.
    pub(crate) object: Value,
    /// What came with the call, each item with its id.
    pub(crate) input: Vec<Value>,
    /// All that the model read: earlier turns, then the input.
    pub(crate) context: Vec<Value>,
    /// What the answer itself adds to the conversation.
    pub(crate) output: Vec<Value>,
    /// Repeats the chance that cut the answer into events.
    pub(crate) chance: u64,
    pub(crate) work: Work,
}

/// An item that belongs to a kept answer.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) value: Value,
    /// The id of the reasoning that came right before it, in the same answer.
    pub(crate) needs: Option<String>,
}

/// The answers that a provider keeps.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    answers: HashMap<String, Kept>,
    order: VecDeque<String>,
    items: HashMap<String, Item>,
}

impl Books {
    fn forget(&mut self, id: &str) -> bool {
        let Some(kept) = self.answers.remove(id) else { return false };
        for item in kept.input.iter().chain(&kept.output) {
            self.items.remove(item["id"].as_str().unwrap_or_default());
        }
        true
    }
}

impl Memory {
    fn open(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, id: &str, kept: Kept) {
        let mut books = self.open();
        for item in &kept.input {
            note(&mut books, item, None);
        }
        let mut before: Option<&Value> = None;
        for item in &kept.output {
            let needs = before.filter(|before| before["type"] == "reasoning");
            note(&mut books, item, needs.and_then(|needs| needs["id"].as_str()).map(str::to_owned));
            before = Some(item);
        }
        if books.answers.insert(id.to_owned(), kept).is_none() {
            books.order.push_back(id.to_owned());
        }
        if books.order.len() > KEPT
            && let Some(oldest) = books.order.pop_front()
        {
            books.forget(&oldest);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Kept> {
        self.open().answers.get(id).cloned()
    }

    /// Looks at an answer, which brings one in the background further on.
    pub(crate) fn look(&self, id: &str) -> Option<Kept> {
        let mut books = self.open();
        let kept = books.answers.get_mut(id)?;
        if let Work::Background { looks } = &mut kept.work {
            *looks += 1;
        }
        Some(kept.clone())
    }

    /// Calls an answer off if `may` says so of what is kept. None: there is no such answer.
    pub(crate) fn cancel(&self, id: &str, may: impl FnOnce(&Kept) -> bool) -> Option<Kept> {
        let mut books = self.open();
        let kept = books.answers.get_mut(id)?;
        if may(kept) {
            kept.work = Work::Cancelled;
        }
        Some(kept.clone())
    }

    /// Whether there was such an answer.
    pub(crate) fn forget(&self, id: &str) -> bool {
        self.open().forget(id)
    }

    pub(crate) fn item(&self, id: &str) -> Option<Item> {
        self.open().items.get(id).cloned()
    }
}

fn note(books: &mut Books, item: &Value, needs: Option<String>) {
    if let Some(id) = item["id"].as_str() {
        // An item that came back keeps what is known of it since it was made.
        books.items.entry(id.to_owned()).or_insert_with(|| Item { value: item.clone(), needs });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(id: usize) -> Kept {
        Kept {
            object: json!({"id": id}),
            input: vec![json!({"id": format!("in_{id}")})],
            context: Vec::new(),
            output: vec![
                json!({"type": "reasoning", "id": format!("rs_{id}")}),
                json!({"type": "message", "id": format!("msg_{id}")}),
            ],
            chance: 0,
            work: Work::Done,
        }
    }

    #[test]
    fn an_answer_is_kept_with_its_items_until_it_is_forgotten() {
        let memory = Memory::default();
        memory.keep("one", kept(1));
        assert_eq!(memory.item("msg_1").unwrap().needs.as_deref(), Some("rs_1"));
        assert!(memory.item("rs_1").unwrap().needs.is_none() && memory.item("in_1").is_some());
        assert!(memory.forget("one") && !memory.forget("one"));
        assert!(memory.get("one").is_none() && memory.item("msg_1").is_none());
    }

    #[test]
    fn the_oldest_answers_go_first() {
        let memory = Memory::default();
        for id in 0..=KEPT {
            memory.keep(&id.to_string(), kept(id));
        }
        assert!(memory.get("0").is_none() && memory.item("msg_0").is_none());
        assert!(memory.get("1").is_some() && memory.get(&KEPT.to_string()).is_some());
    }

    #[test]
    fn work_in_the_background_goes_on_with_each_look() {
        let memory = Memory::default();
        memory.keep("one", Kept { work: Work::Background { looks: 0 }, ..kept(1) });
        assert_eq!(memory.look("one").unwrap().work, Work::Background { looks: 1 });
        assert_eq!(memory.get("one").unwrap().work, Work::Background { looks: 1 });
        assert_eq!(memory.cancel("one", |_| false).unwrap().work, Work::Background { looks: 1 });
        assert_eq!(memory.cancel("one", |_| true).unwrap().work, Work::Cancelled);
        assert!(memory.cancel("two", |_| true).is_none());
    }
}
