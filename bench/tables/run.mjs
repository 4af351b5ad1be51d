/**
 * All tables of docs/performance.md in one go, for a quiet machine: runs the commands one after the other and writes for each what
 * it printed (`NAME.txt`), its numbers (`NAME.json`) and its table (`NAME.md`) into a folder, then all tables as `tables.md`. A peer that is not
 * installed costs its own table only (bench/peers/README.md says how to install them). Takes about 15 minutes; ends with 1 if a table is missing.
 *
 *   npm run bench:tables -- [--out DIR] [--only NAME,NAME] [--list]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BENCHMARKS } from "./benchmarks.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: "runs/tables" },
    only: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

/** Runs a command, its JSON into `json`; what it prints goes into `log`. Returns whether it ended well. */
function measure([command, ...args], { json, log }) {
  const own = command === "roundoff";
  const script = own ? "dist/cli/main.js" : command;
  const output = own ? ["--json"] : ["--json", json];
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args, ...output], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  writeFileSync(log, `${stdout}${stderr}`);
  if (own && status === 0) writeFileSync(json, stdout);
  return status === 0;
}

/** The table of a benchmark, or undefined when one of its commands failed. */
function tableOf({ name, commands, render }) {
  const results = [];
  for (const [i, command] of commands.entries()) {
    const base = join(options.out, commands.length > 1 ? `${name}-${i + 1}` : name);
    const start = performance.now();
    const fine = measure(command, { json: `${base}.json`, log: `${base}.txt` });
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${fine ? "measured" : "FAILED  "} ${name} in ${seconds} s: ${shown(command)}`);
    if (!fine) return undefined;
    results.push(JSON.parse(readFileSync(`${base}.json`, "utf8")));
  }
  return render(results);
}

const shown = ([command, ...args]) =>
  `${command === "roundoff" ? command : `node ${command}`} ${args.map((arg) => (arg === "" ? '""' : arg)).join(" ")}`;

const chosen = BENCHMARKS.filter(({ name }) => options.only?.split(",").includes(name) ?? true);
if (options.list) {
  for (const { name, commands } of chosen) console.log(`${name}\n  ${commands.map(shown).join("\n  ")}`);
} else {
  mkdirSync(options.out, { recursive: true });
  const load = () => loadavg()[0].toFixed(1);
  const before = load();
  const sections = [];
  for (const benchmark of chosen) {
    const table = tableOf(benchmark);
    if (table === undefined) {
      process.exitCode = 1;
      continue;
    }
    const commands = benchmark.commands.map(shown).join("\n");
    const section = `## ${benchmark.title}\n\n\`\`\`sh\n${commands}\n\`\`\`\n\n${table}\n`;
    writeFileSync(join(options.out, `${benchmark.name}.md`), section);
    sections.push(section);
  }
  const machine = `${cpus()[0]?.model}, ${cpus().length} processors, Node ${process.versions.node}; load ${before} before`;
  writeFileSync(join(options.out, "tables.md"), [`${machine}, ${load()} after.\n`, ...sections].join("\n"));
  console.log(`tables: ${join(options.out, "tables.md")}`);
}
