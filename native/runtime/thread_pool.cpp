// The thread pool: tasks are handed out one by one, workers spin briefly between jobs (the commands of a plan follow
// each other within microseconds) and then sleep on a futex.
#include "thread_pool.h"

#include <utility>

#include "float_environment.h"

namespace roundoff {
namespace {

// About 20–80 µs: longer than the gap between two commands, shorter than anything a user could notice as load.
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once `value` differs from `old`.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; i++) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int thread = 1; thread < threads; thread++) workers_.emplace_back([this, thread] { work(thread); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  generation_.fetch_add(1);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(int64_t tasks, const std::function<void(int64_t, int)>& body) {
  if (tasks == 1 || workers_.empty()) {
    for (int64_t task = 0; task < tasks; task++) body(task, 0);
    return;
  }
  body_ = &body;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  open_.store(true);
  generation_.fetch_add(1);
  generation_.notify_all();
  drain(0);
  // Close first, then look who is inside; a worker does the opposite (enter, then look whether it is open), so in the
  // sequentially consistent order one of the two sees the other.
  open_.store(false);
  for (int32_t inside = active_.load(); inside != 0; inside = active_.load()) wait_for_change(active_, inside);
  if (error_) {
    const std::exception_ptr error = std::exchange(error_, nullptr);
    std::rethrow_exception(error);
  }
}

void ThreadPool::work(int thread) {
  const FloatEnvironment environment;
  uint32_t seen = 0;
  while (true) {
    wait_for_change(generation_, seen);
    seen = generation_.load();
    if (stopping_) return;
    active_.fetch_add(1);
    if (open_.load()) drain(thread);
    if (active_.fetch_sub(1) == 1) active_.notify_one();
  }
}

void ThreadPool::drain(int thread) {
  for (int64_t task = next_.fetch_add(1); task < tasks_; task = next_.fetch_add(1)) {
    try {
      (*body_)(task, thread);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
      next_.store(tasks_);
    }
  }
}

}  // namespace roundoff
