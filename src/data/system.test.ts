import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM } from "./system.ts";

const options = { directory: process.cwd(), timeoutMs: 60_000 };
const script = (code: string): string[] => ["-e", code];

describe("SYSTEM.run", () => {
  it("gives exit code and output, with messages in English", async () => {
    const code = "console.log(process.env.LC_ALL); console.error('complaint'); process.exitCode = 3";
    const { exit, output } = await SYSTEM.run(process.execPath, script(code), options);
    expect(exit).toBe(3);
    expect(output.trim().split("\n").sort()).toEqual(["C", "complaint"]);
  });

  it("says that a program does not exist, and that one took too long", async () => {
    expect(await SYSTEM.run("no-such-program-here", [], options)).toMatchObject({ exit: "notFound" });
    const sleep = script("setTimeout(() => {}, 100000)");
    expect(await SYSTEM.run(process.execPath, sleep, { ...options, timeoutMs: 50 })).toMatchObject({
      exit: "timedOut",
    });
  });

  it("does not pass its arguments through a shell", async () => {
    const { output } = await SYSTEM.run(process.execPath, ["-p", "process.argv[1]", "$HOME; ls"], options);
    expect(output.trim()).toBe("$HOME; ls");
  });

  it("stops when it is interrupted", async () => {
    const signal = AbortSignal.timeout(50);
    const sleep = script("setTimeout(() => {}, 100000)");
    await expect(SYSTEM.run(process.execPath, sleep, { ...options, signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});

describe("SYSTEM.download", () => {
  const server = createServer((request, response) => {
    if (request.url === "/ten") response.end("0123456789");
    else if (request.url === "/gone") response.writeHead(404).end();
    // Anything else is never answered.
  });
  const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  beforeAll(() => new Promise<void>((done) => void server.listen(0, "127.0.0.1", done)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("gives the body up to the bound", async () => {
    expect(Buffer.from(await SYSTEM.download(`${base()}/ten`, { maxBytes: 10 })).toString()).toBe(
      "0123456789",
    );
    await expect(SYSTEM.download(`${base()}/ten`, { maxBytes: 9 })).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringMatching(/longer than 9 bytes/),
    });
  });

  it("tells why there is no body", async () => {
    await expect(SYSTEM.download(`${base()}/gone`, { maxBytes: 10 })).rejects.toThrow(/answered 404/);
    await expect(SYSTEM.download("http://127.0.0.1:1/", { maxBytes: 10 })).rejects.toMatchObject({
      code: "DATA_MISSING",
      message: expect.stringMatching(/cannot download http:\/\/127\.0\.0\.1:1\/.*received/),
    });
    const signal = AbortSignal.timeout(50);
    await expect(SYSTEM.download(`${base()}/silent`, { maxBytes: 10, signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
