// A fixed pool of threads. Work is cut into tasks whose number must not depend on the number of threads, so that
// every task's result, and therefore every bit of the output, is the same for 1..N threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace roundoff {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs body(task, thread) for task = 0 … tasks−1, thread in [0, threads()). The caller is thread 0. Returns when
  // all tasks are done. Not reentrant. If a task throws, the tasks not yet begun are dropped and the first exception is
  // rethrown here.
  void parallel_for(int64_t tasks, const std::function<void(int64_t task, int thread)>& body);

 private:
  void work(int thread);
  void drain(int thread);

  std::vector<std::thread> workers_;
  const std::function<void(int64_t, int)>* body_ = nullptr;
  int64_t tasks_ = 0;
  std::exception_ptr error_;
  std::mutex error_mutex_;
  std::atomic<int64_t> next_{0};
  // Counts jobs; workers sleep on it. `open_` says whether the current job may still be entered, `active_` how many
  // workers are inside: the caller waits for those only, never for a worker that is still waking up.
  std::atomic<uint32_t> generation_{0};
  std::atomic<bool> open_{false};
  std::atomic<int32_t> active_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace roundoff
