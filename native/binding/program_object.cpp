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
};

class Run : public Napi::AsyncWorker {
 public:
  Run(Napi::Env env, std::shared_ptr<Prepared> prepared)
      : AsyncWorker(env, "roundoff.run"), prepared_(std::move(prepared)), deferred_(env) {
    prepared_->running = true;
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    try {
      prepared_->engine->run(prepared_->program->commands(), prepared_->program->clock());
    } catch (const std::exception& error) {
      SetError(error.what());
    }
  }

  void OnOK() override {
    prepared_->running = false;
    deferred_.Resolve(Env().Undefined());
  }

  void OnError(const Napi::Error& error) override {
    prepared_->running = false;
    deferred_.Reject(error.Value());
  }

 private:
  std::shared_ptr<Prepared> prepared_;
  Napi::Promise::Deferred deferred_;
};

std::vector<ExternalMemory> memory_of(const std::vector<Napi::Reference<Napi::TypedArray>>& arrays) {
  std::vector<ExternalMemory> memory;
  for (const auto& array : arrays) memory.push_back(read_external(array.Value()));
  return memory;
}

Napi::Value run_program(const std::shared_ptr<Prepared>& prepared, Napi::Env env) {
  return guarded(env, [&]() -> Napi::Value {
    check(!prepared->running, "a prepared plan was run while it was still running");
    // The caller may have detached or resized an array since the last run; its address may have moved.
    prepared->program->rebind(memory_of(prepared->arrays));
    Run* run = new Run(env, prepared);  // deletes itself when done
    const Napi::Promise promise = run->promise();
    run->Queue();
    return promise;
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
    prepared->program = std::make_unique<Program>(*engine, read_plan(info[0]), memory_of(prepared->arrays));
    const Napi::Object object = Napi::Object::New(env);
    object.Set("run", Napi::Function::New(
                          env, [prepared](const Napi::CallbackInfo& call) { return run_program(prepared, call.Env()); },
                          "run"));
    return object;
  });
}

}  // namespace roundoff
