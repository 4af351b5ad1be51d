// The JavaScript face of a Program: an object with one method, run().
#pragma once

#include <napi.h>

#include <memory>

#include "engine.h"

namespace roundoff {

// engine.prepare(plan, externals) → { run(): Promise<void> }. `externals`: the typed arrays of the external buffers, in
// order. Throws a JavaScript error if the plan is not sound. Keeps the arrays alive, and the engine.
Napi::Value prepare_program(const std::shared_ptr<Engine>& engine, const Napi::CallbackInfo& info);

// Calls body(); a PlanError (or any C++ exception) becomes a JavaScript error. Nothing thrown crosses into Node.
template <class Body>
Napi::Value guarded(Napi::Env env, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    if (!env.IsExceptionPending()) Napi::TypeError::New(env, error.what()).ThrowAsJavaScriptException();
  }
  return env.Undefined();
}

}  // namespace roundoff
