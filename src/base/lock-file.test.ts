import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeLock } from "./lock-file.ts";
import { processMark } from "./process-mark.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "roundoff-lock-"));
  path = join(folder, ".lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The number of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

function foreignLock(changes: Record<string, unknown>): void {
  const token = "00000000-0000-0000-0000-000000000000";
  const since = new Date().toISOString();
  writeFileSync(path, JSON.stringify({ pid: 1, host: hostname(), started: "", token, since, ...changes }));
}

describe("takeLock", () => {
  it("excludes a second taker until it is released, and leaves nothing", () => {
    const lock = takeLock(path);
    expect(() => takeLock(path)).toThrow(
      expect.objectContaining({
        code: "LOCKED",
        message: expect.stringContaining(`process ${process.pid} on`),
      }),
    );
    lock.release();
    takeLock(path).release();
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes over from a process that is gone, or whose number has another process now", () => {
    for (const owner of [{ pid: deadPid() }, { pid: process.pid, started: "an earlier boot" }]) {
      foreignLock(owner);
      takeLock(path).release();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes over although another one died while taking over", () => {
    foreignLock({ pid: deadPid() });
    const { token } = JSON.parse(readFileSync(path, "utf8")) as { token: string };
    const half = {
      pid: deadPid(),
      host: hostname(),
      started: "",
      token: token.replaceAll("0", "1"),
      since: "",
    };
    writeFileSync(`${path}.${token}`, JSON.stringify(half));
    // And a third before it had written its name; a fourth that had this process's number before.
    const [host, pid, start] = processMark().split("-");
    writeFileSync(`${path}.${host}-${deadPid()}-${start}.${token}`, "");
    writeFileSync(`${path}.${host}-${pid}-00000000.${token}.copy`, "");
    takeLock(path).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("does not judge processes of another machine, and prints an age from the future as such", () => {
    foreignLock({ pid: deadPid(), host: "elsewhere", since: "2999-01-01T00:00:00.000Z" });
    expect(() => takeLock(path)).toThrow(/on elsewhere, since 2999.* in the future/);
  });

  it("does not guess about a lock that it cannot read, and never uses its content as a path", () => {
    writeFileSync(path, "{");
    expect(() => takeLock(path)).toThrow(/does not say who holds it/);
    foreignLock({ pid: deadPid(), token: "../../escape" });
    expect(() => takeLock(path)).toThrow(/does not say who holds it/);
  });

  it("lets exactly one of many processes take a stale lock over", async () => {
    foreignLock({ pid: deadPid() });
    const program = `
      import { takeLock } from ${JSON.stringify(new URL("./lock-file.ts", import.meta.url).pathname.replace("/src/", "/dist/").replace(/ts$/, "js"))};
      while (Date.now() < Number(process.argv[1])) {}
      try { takeLock(${JSON.stringify(path)}); console.log("held"); }
      catch (error) { console.log(error.code); }
      // Alive until all have tried: the lock of one that is gone is there to be taken.
      setInterval(() => {}, 1000);`;
    const at = String(Date.now() + 700);
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", program, at]),
    );
    const outputs = await Promise.all(
      children.map(
        (child) =>
          new Promise<string>((resolve) => {
            child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
            child.once("close", () => resolve("ended"));
          }),
      ),
    );
    for (const child of children) child.kill("SIGKILL");
    expect(outputs.filter((text) => text === "held")).toHaveLength(1);
    expect(outputs.filter((text) => text === "LOCKED")).toHaveLength(5);
  });
});
