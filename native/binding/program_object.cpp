// A prepared plan and its asynchronous run: the whole plan is one piece of work on a thread of Node's pool, which the
// engine's own threads join.
#include "program_object.h"

#include "plan_reader.h"

namespace roundoff {
namespace {

// Shared by the JavaScript object and by a run in flight, whichever lives longer.
struct Prepared {
  std::shared_ptr<Engine> engine;
  std::unique_ptr<Program> program;
  std::vector<Napi::Reference<Napi::TypedArray>> arrays;
  bool running = false;
  napi_env env = nullptr;
  int64_t bytes = 0;

  // The garbage collector sees a small object: it has to be told what hangs on it.
  void hold(napi_env holder, int64_t arenaBytes) {
    int64_t total = 0;
    env = holder;
    bytes = arenaBytes;
    napi_adjust_external_memory(env, bytes, &total);
  }
  void release() {
    int64_t total = 0;
    if (bytes > 0) napi_adjust_external_memory(env, -bytes, &total);
    bytes = 0;
    program.reset();
    arrays.clear();
  }
  ~Prepared() { release(); }
};

// One run in flight. Plain Node-API instead of Napi::AsyncWorker: if the environment ends before the run does, no
// JavaScript can be called any more, every call fails, and the wrapper would abort the process over it.
struct Run {
  std::shared_ptr<Prepared> prepared;
  size_t first = 0;
  bool timed = false;
  std::vector<double> seconds = {};
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  std::string error;
};

void execute(napi_env, void* data) {
  Run& run = *static_cast<Run*>(data);
  try {
    const std::vector<Command>& commands = run.prepared->program->commands();
    if (run.timed) run.seconds.resize(commands.size());
    run.prepared->engine->run(commands, run.first, run.prepared->program->clock(), run.timed ? &run.seconds : nullptr);
  } catch (const std::exception& error) {
    run.error = error.what();
  }
}

// The seconds of each command as a Float64Array; undefined if they were not asked for.
napi_value times_of(napi_env env, const Run& run) {
  napi_value memory = nullptr, array = nullptr;
  void* bytes = nullptr;
  const size_t size = run.seconds.size() * sizeof(double);
  if (!run.timed || napi_create_arraybuffer(env, size, &bytes, &memory) != napi_ok) {
    napi_get_undefined(env, &array);
    return array;
  }
  std::copy(run.seconds.begin(), run.seconds.end(), static_cast<double*>(bytes));
  napi_create_typedarray(env, napi_float64_array, run.seconds.size(), memory, 0, &array);
  return array;
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Run> run(static_cast<Run*>(data));
  run->prepared->running = false;
  napi_value result = nullptr, message = nullptr;
  if (run->error.empty()) {
    result = times_of(env, *run);
    napi_resolve_deferred(env, run->deferred, result);
  } else {
    napi_create_string_utf8(env, run->error.c_str(), run->error.size(), &message);
    napi_create_error(env, nullptr, message, &result);
    napi_reject_deferred(env, run->deferred, result);
  }
  napi_delete_async_work(env, run->work);
}

// Queues the run and returns its promise.
napi_value start(napi_env env, const std::shared_ptr<Prepared>& prepared, size_t first, bool timed) {
  auto run = std::make_unique<Run>();
  run->prepared = prepared;
  run->first = first;
  run->timed = timed;
  napi_value promise = nullptr, name = nullptr;
  const bool queued = napi_create_promise(env, &run->deferred, &promise) == napi_ok &&
                      napi_create_string_utf8(env, "roundoff.run", NAPI_AUTO_LENGTH, &name) == napi_ok &&
                      napi_create_async_work(env, nullptr, name, execute, complete, run.get(), &run->work) == napi_ok &&
                      napi_queue_async_work(env, run->work) == napi_ok;
  check(queued, "the run cannot be queued");
  prepared->running = true;
  run.release();  // `complete` owns it now
  return promise;
}

std::vector<ExternalMemory> memory_of(const std::vector<Napi::Reference<Napi::TypedArray>>& arrays) {
  std::vector<ExternalMemory> memory;
  for (const auto& array : arrays) memory.push_back(read_external(array.Value()));
  return memory;
}

Napi::Value run_program(const std::shared_ptr<Prepared>& prepared, const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    check(!prepared->running, "a prepared plan was run while it was still running");
    check(prepared->program != nullptr, "a prepared plan was run after it was released");
    const bool all = call.Length() == 0 || call[0].IsUndefined();
    const bool timed = call.Length() > 1 && call[1].IsBoolean() && call[1].As<Napi::Boolean>().Value();
    const int64_t first = all ? 0 : read_integer(call[0], "the number of the first command");
    check(first >= 0 && first <= static_cast<int64_t>(prepared->program->commands().size()), "the plan has no such command");
    // The caller may have detached or resized an array since the last run; its address may have moved.
    prepared->program->rebind(memory_of(prepared->arrays));
    return Napi::Value(env, start(env, prepared, static_cast<size_t>(first), timed));
  });
}

Napi::Value release_program(const std::shared_ptr<Prepared>& prepared, Napi::Env env) {
  return guarded(env, [&]() -> Napi::Value {
    check(!prepared->running, "a prepared plan was released while it was running");
    prepared->release();
    return env.Undefined();
  });
}

}  // namespace

Napi::Value prepare_program(const std::shared_ptr<Engine>& engine, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const auto prepared = std::make_shared<Prepared>();
    prepared->engine = engine;
    check(info[1].IsArray(), "externals must be an array");
    const Napi::Array externals = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < externals.Length(); i++) {
      const Napi::Value array = externals.Get(i);
      read_external(array);
      prepared->arrays.push_back(Napi::Reference<Napi::TypedArray>::New(array.As<Napi::TypedArray>(), 1));
    }
    const PlanSpec plan = read_plan(info[0]);
    prepared->program = std::make_unique<Program>(*engine, plan, memory_of(prepared->arrays));
    prepared->hold(env, plan.arenaBytes);
    const Napi::Object object = Napi::Object::New(env);
    object.Set("run", Napi::Function::New(
                          env, [prepared](const Napi::CallbackInfo& call) { return run_program(prepared, call); },
                          "run"));
    object.Set("release",
               Napi::Function::New(
                   env, [prepared](const Napi::CallbackInfo& call) { return release_program(prepared, call.Env()); },
                   "release"));
    return object;
  });
}

}  // namespace roundoff
