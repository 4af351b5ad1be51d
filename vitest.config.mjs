import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The examples import the package by its name; the tests run them on the sources of the entry. */
function sourceOfEntry(entry) {
  const { exports } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8"));
  const source = exports[entry].default.replace("dist/", "src/").replace(/\.js$/, ".ts");
  return fileURLToPath(new URL(source, import.meta.url));
}

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  resolve: { alias: { "roundoff/formats": sourceOfEntry("./formats"), roundoff: sourceOfEntry(".") } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Native kernels use every core themselves; two files at once would only fight for them.
    maxWorkers: 2,
  },
});
