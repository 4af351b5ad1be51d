import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { RoundoffError } from "../base/errors.ts";
import { processMark } from "../base/process-mark.ts";
import { inTemporaryDirectory, tinySource, writeGzipped } from "./fixtures.ts";
import type { LocateOptions } from "./locate.ts";
import { filePayload, locate } from "./locate.ts";
import { sourceSha256 } from "./payload.ts";
import type { DataSource } from "./source.ts";
import type { ProgramResult, System } from "./system.ts";

/** A system without programs or network, but for what a test gives it. Notes every command and address. */
function fakeSystem(parts: Partial<System> = {}): System & { calls: string[] } {
  const calls: string[] = [];
  const noPrograms: System["run"] = async () => ({ exit: "notFound", output: "" });
  const noNetwork: System["download"] = async (address) => {
    throw new RoundoffError("DATA_MISSING", { what: `cannot download ${address}` });
  };
  return {
    calls,
    run: (program, args, options) => {
      calls.push([program, ...args].join(" "));
      return (parts.run ?? noPrograms)(program, args, options);
    },
    download: (address, options) => {
      calls.push(address);
      return (parts.download ?? noNetwork)(address, options);
    },
    isRoot: parts.isRoot ?? (() => false),
  };
}

interface World {
  readonly source: DataSource;
  readonly payloads: Record<string, Uint8Array>;
  readonly installed: string;
  readonly cached: string;
  readonly options: LocateOptions;
}

function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const installed = join(directory, "installed");
    const cacheDir = join(directory, "cache");
    const cached = join(cacheDir, "tiny");
    await mkdir(installed);
    await mkdir(cached, { recursive: true });
    const options: LocateOptions = { cacheDir, allowFetch: false, system: fakeSystem() };
    await body({ ...tinySource(installed), installed, cached, options });
  });
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const altered = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));

describe("locate on this machine", () => {
  it("prefers the cache to the installed package, and says where it found the data", () =>
    inWorld(async ({ source, payloads, installed, cached, options }) => {
      await writeGzipped(installed, payloads);
      expect(await locate(source, options)).toMatchObject({ place: "debian", path: installed });
      await writeGzipped(cached, payloads);
      const located = await locate(source, options);
      expect(located).toMatchObject({ place: "cache", path: cached, sha256: sourceSha256(source) });
      expect(Buffer.from(filePayload(located, "tiny-labels"))).toEqual(Buffer.from(payloads["tiny-labels"]));
      expect(() => filePayload(located, "other")).toThrow(failure("INVALID_ARGUMENT", /no file other/));
    }));

  it("looks only in the directory that the user named", () =>
    inWorld(async ({ source, payloads, installed, cached, options }) => {
      await writeGzipped(cached, payloads);
      const named = join(installed, "named");
      const directory = { ...options, directory: named, allowFetch: true };
      await expect(locate(source, directory)).rejects.toThrow(
        failure("DATA_MISSING", /named does not hold.*none of its files/),
      );
      await mkdir(named);
      await writeGzipped(named, { "tiny-images": payloads["tiny-images"] });
      await expect(locate(source, directory)).rejects.toThrow(
        failure("DATA_MISSING", /all but tiny-labels\.gz/),
      );
      await writeGzipped(named, { "tiny-labels": altered(payloads["tiny-labels"]) });
      await expect(locate(source, directory)).rejects.toThrow(failure("DATA_CORRUPT", /tiny-labels\.gz/));
      await writeGzipped(named, payloads);
      expect(await locate(source, directory)).toMatchObject({ place: "directory", path: named });
    }));

  it("stops at an altered cached file and says what to do", () =>
    inWorld(async ({ source, payloads, installed, cached, options }) => {
      await writeGzipped(installed, payloads);
      await writeGzipped(cached, { ...payloads, "tiny-labels": altered(payloads["tiny-labels"]) });
      const message =
        /tiny-labels\.gz.*expected.* sha256 .*received .* sha256 .*Delete that file and run `roundoff data fetch tiny`/;
      await expect(locate(source, options)).rejects.toThrow(failure("DATA_CORRUPT", message));
    }));

  it("reports an altered installed file", () =>
    inWorld(async ({ source, payloads, installed, options }) => {
      await writeGzipped(installed, { ...payloads, "tiny-images": altered(payloads["tiny-images"]) });
      await expect(locate(source, options)).rejects.toThrow(
        failure("DATA_CORRUPT", /cache: .*installed Debian package: .*tiny-images\.gz/),
      );
    }));

  it("names every place and what to do when the data is nowhere, and fetches nothing unasked", () =>
    inWorld(async ({ source, installed, cached, options }) => {
      const system = fakeSystem();
      const message = new RegExp(
        `${cached}.*${installed}.*roundoff data fetch tiny.*dataset-tiny.*tiny-images\\.gz`,
      );
      await expect(locate(source, { ...options, system })).rejects.toThrow(failure("DATA_MISSING", message));
      expect(system.calls).toEqual([]);
    }));
});

describe("locate with fetching", () => {
  /** Answers as apt-get and dpkg-deb do; `unpack` writes the package's files. */
  function debianSystem(source: DataSource, unpack: (directory: string) => Promise<void>, known = true) {
    let listed = known;
    const run: System["run"] = async (program, args, { directory }): Promise<ProgramResult> => {
      if (program === "dpkg-deb") {
        const target = join(args[2], source.debian?.directory ?? "");
        await mkdir(target, { recursive: true });
        await unpack(target);
      } else if (args.includes("update")) {
        listed = true;
      } else if (listed) {
        await writeFile(join(directory, "dataset-tiny_1_all.deb"), "");
      } else {
        return { exit: 100, output: "Reading package lists...\nE: Unable to locate package dataset-tiny\n" };
      }
      return { exit: 0, output: "" };
    };
    return { run };
  }

  it("takes the files out of the Debian package, leaving only them in the cache", () =>
    inWorld(async ({ source, payloads, cached, options }) => {
      const system = fakeSystem(debianSystem(source, (directory) => writeGzipped(directory, payloads)));
      const located = await locate(source, { ...options, allowFetch: true, system });
      expect(located).toMatchObject({ place: "cache", path: cached });
      expect(system.calls[0]).toBe("apt-get -q download dataset-tiny");
      expect(system.calls[1]).toMatch(/^dpkg-deb -x dataset-tiny_1_all\.deb .*unpacked$/);
      expect(await readdir(options.cacheDir)).toEqual(["tiny"]);
      expect((await readdir(cached)).sort()).toEqual(["tiny-images.gz", "tiny-labels.gz"]);
    }));

  it("fills empty package lists when it may, and says so when it may not", () =>
    inWorld(async ({ source, payloads, options }) => {
      const parts = () => debianSystem(source, (directory) => writeGzipped(directory, payloads), false);
      const user = fakeSystem(parts());
      await expect(locate(source, { ...options, allowFetch: true, system: user })).rejects.toThrow(
        failure("DATA_MISSING", /only root can update them.*Run `apt-get update` as root/),
      );
      const root = fakeSystem({ ...parts(), isRoot: () => true });
      await locate(source, { ...options, allowFetch: true, system: root });
      expect(root.calls.map((call) => call.split(" ").slice(0, 3).join(" "))).toEqual([
        "apt-get -q download",
        "apt-get -q update",
        "apt-get -q download",
        expect.stringMatching("dpkg-deb -x"),
      ]);
    }));

  it("tries the public addresses in turn where there is no APT", () =>
    inWorld(async ({ source, payloads, cached, options }) => {
      const download: System["download"] = async (address) => {
        if (address.startsWith("http://first"))
          throw new RoundoffError("DATA_MISSING", { what: "no such host" });
        const name = address.slice(address.lastIndexOf("/") + 1, -".gz".length);
        return gzipSync(payloads[name]);
      };
      const messages: string[] = [];
      const log = (message: string): void => void messages.push(message);
      const system = fakeSystem({ download });
      await locate(source, { ...options, allowFetch: true, system, log });
      expect(messages.join("\n")).toMatch(/apt-get is not installed.*no such host/s);
      expect(await readFile(join(cached, "tiny-labels.gz"))).toEqual(gzipSync(payloads["tiny-labels"]));
    }));

  it("accepts nothing altered and leaves nothing half-fetched behind", () =>
    inWorld(async ({ source, payloads, cached, options }) => {
      const wrong: Record<string, Uint8Array> = {
        ...payloads,
        "tiny-labels": altered(payloads["tiny-labels"]),
      };
      const download: System["download"] = async (address) =>
        gzipSync(wrong[address.slice(address.lastIndexOf("/") + 1, -".gz".length)]);
      const system = fakeSystem({ download });
      await expect(locate(source, { ...options, allowFetch: true, system })).rejects.toThrow(
        failure("DATA_CORRUPT", /Debian archive: .*first\.invalid.*second\.invalid/),
      );
      expect(await readdir(options.cacheDir)).toEqual(["tiny"]);
      expect(await readdir(cached)).toEqual([]);
    }));

  it("clears away what a killed fetch left, also after its files were in place", () =>
    inWorld(async ({ source, payloads, cached, options }) => {
      await writeGzipped(cached, payloads);
      const [host, pid] = processMark().split("-");
      const left = [`.fetch-${host}-${pid}-00000000-abcdef`, `.fetch-${processMark()}-abcdef`];
      for (const name of left) await mkdir(join(options.cacheDir, name));
      await locate(source, { ...options, allowFetch: true });
      expect((await readdir(options.cacheDir)).sort()).toEqual([left[1], "tiny"]);
    }));

  it("mends a cache that lost a file", () =>
    inWorld(async ({ source, payloads, cached, options }) => {
      await writeGzipped(cached, payloads);
      await rm(join(cached, "tiny-labels.gz"));
      const system = fakeSystem(debianSystem(source, (directory) => writeGzipped(directory, payloads)));
      expect(await locate(source, { ...options, allowFetch: true, system })).toMatchObject({
        place: "cache",
      });
    }));

  it("does not try further places after an interruption", () =>
    inWorld(async ({ source, options }) => {
      const run: System["run"] = async () => {
        throw new RoundoffError("INTERRUPTED", { what: "interrupted" });
      };
      const system = fakeSystem({ run });
      await expect(locate(source, { ...options, allowFetch: true, system })).rejects.toThrow(
        failure("INTERRUPTED", /interrupted/),
      );
      expect(system.calls).toHaveLength(1);
    }));

  it("says that the cache cannot be written", () =>
    inWorld(async ({ source, options }) => {
      const cacheDir = join(options.cacheDir, "a-file");
      await writeFile(cacheDir, "");
      await expect(locate(source, { ...options, cacheDir, allowFetch: true })).rejects.toThrow(
        failure("OUTPUT_UNWRITABLE", /a-file.*XDG_CACHE_HOME/),
      );
    }));
});
