/**
 * Every file operation of this process that changes the disk, told of before it happens, so that a test can let it fail, cut it
 * short or end the process there. Wraps Node's own modules: the code under test is the shipped one and knows nothing of it.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const SYNC = [
  "writeFileSync",
  "linkSync",
  "renameSync",
  "rmSync",
  "ftruncateSync",
  "fdatasyncSync",
  "closeSync",
];
const PROMISED = ["mkdir", "mkdtemp", "writeFile", "rename", "rm"];
const HANDLE = ["write", "writeFile", "sync"];

/** Told of an operation: its name, and the path or number it is done to. May throw; a number cuts a write to so many bytes. */
let told = () => undefined;
/** Set while Node itself works: `writeFileSync` and `rm` are one operation, whatever they are made of. */
let inside = false;

/** Calls `listener(operation, path)` before every operation from now on. */
export function watchFileOperations(listener) {
  told = listener;
}

function watched(operation, action) {
  return (...args) => {
    if (inside) return action(...args);
    told(operation, String(args[0]));
    inside = true;
    try {
      return action(...args);
    } finally {
      inside = false;
    }
  };
}

function watchedAsync(operation, action, path) {
  return async (...args) => {
    told(operation, path ?? String(args[0]));
    return action(...args);
  };
}

/** A write of `bytes` from `offset`: a listener's number cuts `length`. */
function cutTo(most, [bytes, offset = 0, length = bytes.length - offset]) {
  return most === undefined ? length : Math.min(most, length);
}

for (const name of SYNC) fs[name] = watched(name, fs[name]);
const { openSync, writeSync } = fs;
fs.openSync = watched("openSync", openSync);
fs.writeSync = (file, bytes, ...rest) => {
  if (inside) return writeSync(file, bytes, ...rest);
  const length = cutTo(told("writeSync", String(file)), [bytes, ...rest]);
  return writeSync(file, bytes, rest[0], length, rest[2]);
};
const { open } = fs.promises;
for (const name of PROMISED) fs.promises[name] = watchedAsync(name, fs.promises[name]);
fs.promises.open = async (path, ...rest) => {
  told(rest[0] === "r" ? "open to sync" : "open", String(path));
  const handle = await open(path, ...rest);
  const originals = Object.fromEntries(HANDLE.map((name) => [name, handle[name].bind(handle)]));
  for (const name of ["writeFile", "sync"])
    handle[name] = watchedAsync(`handle.${name}`, originals[name], String(path));
  handle.write = async (bytes, ...rest) => {
    const length = cutTo(told("handle.write", String(path)), [bytes, ...rest]);
    return originals.write(bytes, rest[0], length);
  };
  return handle;
};
syncBuiltinESMExports();
