// A fixed pool of threads. Work is cut into tasks whose number must not depend on the number of threads, so that
// every task's result, and therefore every bit of the output, is the same for 1..N threads.
#pragma once

#include <cstdint>

namespace roundoff {

// A callable body(task, thread), by reference: it must outlive the call it is passed to. Unlike std::function it never
// allocates.
class TaskBody {
 public:
  template <class F>
  TaskBody(const F& body)
      : body_(&body),
        call_([](const void* f, int64_t task, int thread) { (*static_cast<const F*>(f))(task, thread); }) {}

  void operator()(int64_t task, int thread) const { call_(body_, task, thread); }

 private:
  const void* body_;
  void (*call_)(const void*, int64_t, int);
};

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Runs body(task, thread) for task = 0 … tasks−1, thread in [0, threads()). The caller is thread 0. Returns when
  // all tasks are done. Not reentrant. If a task throws, the tasks not yet begun are dropped and the first exception is
  // rethrown here.
  void parallel_for(int64_t tasks, const TaskBody& body);

 private:
  // The threads and what they share; kept out of this header, which every kernel includes.
  struct Crew;

  int threads_;
  Crew* crew_;
};

}  // namespace roundoff
