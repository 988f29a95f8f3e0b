// SPDX-License-Identifier: MIT

//! tokio's answers: tokio-peer QUESTION, on the runtime of one thread.
mod await_;
mod cancel;
mod failure;
mod lock;
mod queue;
mod sleep;
mod spawn;
mod timer;
mod yield_;

pub fn say(measure: &str, value: f64) {
    println!("{} {:.6}", measure, value);
}

/// Says how long `count` times took since `start`, each.
pub fn say_each(measure: &str, start: f64, count: u64) {
    say(measure, (cpu() - start) / count as f64);
}

extern "C" {
    fn clock() -> std::os::raw::c_long;
}

/// Processor time of this process in nanoseconds; C's clock counts microseconds.
pub fn cpu() -> f64 {
    unsafe { clock() as f64 * 1e3 }
}

fn main() {
    let question = std::env::args().nth(1).expect("tokio-peer QUESTION");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = async move {
        match question.as_str() {
            "await" => await_::ask().await,
            "cancel" => cancel::ask().await,
            "failure" => failure::ask().await,
            "lock" => lock::ask().await,
            "queue" => queue::ask().await,
            "sleep" => sleep::ask().await,
            "spawn" => spawn::ask().await,
            "timer" => timer::ask().await,
            "yield" => yield_::ask().await,
            _ => panic!("there is no question {}", question),
        }
    };
    // Inside a task, as Eddy's are: from the root future every turn would cost more.
    runtime.block_on(async { tokio::spawn(answer).await.unwrap() });
}
