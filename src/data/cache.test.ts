import { homedir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defaultCacheDirectory } from "./cache.ts";

it("defaultCacheDirectory follows the XDG base directory rules", () => {
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: "/var/xdg", HOME: "/home/me" })).toBe("/var/xdg/roundoff");
  expect(defaultCacheDirectory({ HOME: "/home/me" })).toBe("/home/me/.cache/roundoff");
  // An empty or relative value counts as not set.
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: "", HOME: "/home/me" })).toBe("/home/me/.cache/roundoff");
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: "cache", HOME: "/home/me" })).toBe(
    "/home/me/.cache/roundoff",
  );
  expect(defaultCacheDirectory({})).toBe(join(homedir(), ".cache", "roundoff"));
});
