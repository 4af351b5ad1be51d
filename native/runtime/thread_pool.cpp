// The thread pool: tasks are handed out one by one, workers spin briefly between jobs (the commands of a plan follow
// each other within microseconds) and then sleep on a futex.
#include "thread_pool.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

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

struct ThreadPool::Crew {
  std::vector<std::thread> workers;
  const TaskBody* body = nullptr;
  int64_t tasks = 0;
  std::exception_ptr error;
  std::mutex errorMutex;
  std::atomic<int64_t> next{0};
  // Counts jobs; workers sleep on it. `open` says whether the current job may still be entered, `active` how many
  // workers are inside: the caller waits for those only, never for a worker that is still waking up.
  std::atomic<uint32_t> generation{0};
  std::atomic<bool> open{false};
  std::atomic<int32_t> active{0};
  std::atomic<bool> stopping{false};

  void work(int thread);
  void drain(int thread);
};

ThreadPool::ThreadPool(int threads) : threads_(threads), crew_(new Crew) {
  for (int thread = 1; thread < threads; thread++) {
    crew_->workers.emplace_back([crew = crew_, thread] { crew->work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  crew_->stopping = true;
  crew_->generation.fetch_add(1);
  crew_->generation.notify_all();
  for (std::thread& worker : crew_->workers) worker.join();
  delete crew_;
}

void ThreadPool::parallel_for(int64_t tasks, const TaskBody& body) {
  if (tasks == 1 || threads_ == 1) {
    for (int64_t task = 0; task < tasks; task++) body(task, 0);
    return;
  }
  Crew& crew = *crew_;
  crew.body = &body;
  crew.tasks = tasks;
  crew.next.store(0, std::memory_order_relaxed);
  crew.open.store(true);
  crew.generation.fetch_add(1);
  crew.generation.notify_all();
  crew.drain(0);
  // Close first, then look who is inside; a worker does the opposite (enter, then look whether it is open), so in the
  // sequentially consistent order one of the two sees the other.
  crew.open.store(false);
  for (int32_t inside = crew.active.load(); inside != 0; inside = crew.active.load()) {
    wait_for_change(crew.active, inside);
  }
  if (crew.error) std::rethrow_exception(std::exchange(crew.error, nullptr));
}

void ThreadPool::Crew::work(int thread) {
  const FloatEnvironment environment;
  uint32_t seen = 0;
  while (true) {
    wait_for_change(generation, seen);
    seen = generation.load();
    if (stopping) return;
    active.fetch_add(1);
    if (open.load()) drain(thread);
    if (active.fetch_sub(1) == 1) active.notify_one();
  }
}

void ThreadPool::Crew::drain(int thread) {
  for (int64_t task = next.fetch_add(1); task < tasks; task = next.fetch_add(1)) {
    try {
      (*body)(task, thread);
    } catch (...) {
      const std::lock_guard lock(errorMutex);
      if (!error) error = std::current_exception();
      next.store(tasks);
    }
  }
}

}  // namespace roundoff
