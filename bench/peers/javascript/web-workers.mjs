/**
 * Web workers out of Node's worker threads, as far as the peers' WebAssembly backends use them: both would run on one thread
 * without. Their scripts are Blobs, whose text Node gives only later: it is written into a file at once.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The CommonJS object of the module, whose members can be replaced for those who ask for it later.
const workerThreads = createRequire(import.meta.url)("node:worker_threads");

/** A module that has in the worker what a browser's would: `self`, `postMessage` and `onmessage`. */
const WEB_PRELUDE = `import { parentPort } from "node:worker_threads";
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => self.onmessage({ data }));
`;

/** Names of TensorFlow.js's bundle that the function which it sends to its workers refers to. */
const TFJS_PRELUDE = `Object.assign(globalThis, { commonjsGlobal: globalThis, require$$0: require("fs"),
  require$$1: require("path"), require$$3: require("perf_hooks"), require$$4: require("os") });
`;

class TextBlob extends Blob {
  constructor(parts, options) {
    super(parts, options);
    this.written = parts.join("");
  }
}

/** Gives this process `Worker`, `navigator` and addresses of Blobs: before the peer is loaded. */
export function provideWorkers(threads) {
  const directory = mkdtempSync(join(tmpdir(), "roundoff-peers-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  let files = 0;
  const write = (text, extension) => {
    const path = join(directory, `${files++}.${extension}`);
    writeFileSync(path, text);
    return path;
  };

  class WebWorker extends workerThreads.Worker {
    constructor(blob, { type } = {}) {
      const web = type === "module";
      super(web ? write(WEB_PRELUDE + blob.written, "mjs") : write(TFJS_PRELUDE + blob.written, "cjs"));
      // Emscripten's script knows Node and listens by itself.
      if (web) this.on("message", (data) => this.onmessage?.({ data }));
      if (web) this.on("error", (error) => this.onerror?.(error));
    }

    postMessage(message) {
      const { urlOrBlob } = message;
      super.postMessage(
        urlOrBlob instanceof TextBlob ? { ...message, urlOrBlob: write(urlOrBlob.written, "cjs") } : message,
      );
    }
  }

  globalThis.Blob = TextBlob;
  // What createObjectURL gives goes to the Worker above and nowhere else.
  URL.createObjectURL = (blob) => blob;
  URL.revokeObjectURL = () => undefined;
  workerThreads.Worker = WebWorker;
  globalThis.Worker = WebWorker;
  Object.defineProperty(globalThis, "navigator", {
    value: { hardwareConcurrency: threads },
    configurable: true,
  });
}
