// The addon: info() and createEngine(). State lives in closures of the objects handed out, one set per JavaScript
// environment, so worker threads have their own and nothing is global.
#include <napi.h>

#include <algorithm>

#include "bulk_object.h"
#include "cpu_features.h"
#include "plan_reader.h"
#include "program_object.h"
#include "usable_cpu.h"

namespace roundoff {
namespace {

constexpr int64_t kMaxThreads = 1024;

Napi::Array strings(Napi::Env env, const std::vector<std::string>& items) {
  const Napi::Array array = Napi::Array::New(env, items.size());
  for (size_t i = 0; i < items.size(); i++) array.Set(static_cast<uint32_t>(i), items[i]);
  return array;
}

struct Tiers {
  std::vector<std::string> usable, notBuilt;
};

// The tiers that this CPU runs, slowest first, by whether this addon has them.
Tiers tiers_of(const CpuFeatures& cpu) {
  const std::vector<std::string> built = built_tiers();
  Tiers tiers;
  for (const std::string& tier : supported_tiers(cpu)) {
    const bool here = std::find(built.begin(), built.end(), tier) != built.end();
    (here ? tiers.usable : tiers.notBuilt).push_back(tier);
  }
  return tiers;
}

// info() → { features, problems, tiers, notBuilt }: what the CPU offers, why something it offers is not used, and the
// tiers that run on it, slowest first: those in this addon and those left out of it.
Napi::Value info(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&]() -> Napi::Value {
    const UsableCpu cpu = usable_cpu();
    const Tiers tiers = tiers_of(cpu.features);
    const Napi::Object object = Napi::Object::New(call.Env());
    object.Set("features", strings(call.Env(), feature_names(cpu.features)));
    object.Set("problems", strings(call.Env(), cpu.problems));
    object.Set("tiers", strings(call.Env(), tiers.usable));
    object.Set("notBuilt", strings(call.Env(), tiers.notBuilt));
    return object;
  });
}

// createEngine({ threads, tier }) → { prepare, bulkRound, bulkEncode, bulkDecode, bulkCopy, peakOperations }.
Napi::Value create_engine(const Napi::CallbackInfo& call) {
  const Napi::Env env = call.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Napi::Object options = read_object(call[0], "options");
    const int64_t threads = read_integer(options.Get("threads"), "threads");
    const std::string tier = read_string(options.Get("tier"), "tier");
    check(threads >= 1 && threads <= kMaxThreads, "threads must be from 1 to " + std::to_string(kMaxThreads));
    const CpuFeatures cpu = usable_cpu().features;
    const std::vector<std::string> usable = tiers_of(cpu).usable;
    check(std::find(usable.begin(), usable.end(), tier) != usable.end(), "tier \"" + tier + "\" is not one of info()");
    const auto engine = std::make_shared<Engine>(cpu, tier, static_cast<int>(threads));
    const Napi::Object object = Napi::Object::New(env);
    object.Set("prepare", Napi::Function::New(
                              env, [engine](const Napi::CallbackInfo& c) { return prepare_program(engine, c); },
                              "prepare"));
    add_bulk_functions(object, engine);
    return object;
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("info", Napi::Function::New(env, info, "info"));
  exports.Set("createEngine", Napi::Function::New(env, create_engine, "createEngine"));
  return exports;
}

}  // namespace

NODE_API_MODULE(roundoff, init)

}  // namespace roundoff
