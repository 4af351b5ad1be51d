/**
 * Examples inside a Markdown page: between `<!-- example: NAME -->` and `<!-- end of example -->` stand the source of
 * examples/NAME.mjs and what it prints. Runs the example; writes nothing.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const BLOCK = /<!-- example: (\S+) -->\n[\s\S]*?<!-- end of example -->/g;

export const repositoryFile = (path: string): string => fileURLToPath(new URL(path, ROOT));

/** Names of the examples that a page shows, in order. */
export function examplesOf(page: string): string[] {
  return [...page.matchAll(BLOCK)].map((match) => match[1]);
}

/** The page with every example as it is and does today. */
export async function withExamples(page: string): Promise<string> {
  let result = page;
  for (const name of examplesOf(page)) {
    const source = readFileSync(repositoryFile(`examples/${name}.mjs`), "utf8").trimEnd();
    const printed = await outputOf(name);
    const block = [
      `<!-- example: ${name} -->`,
      `\`\`\`js\n${source}\n\`\`\``,
      `\`node examples/${name}.mjs\` prints`,
      `\`\`\`text\n${printed}\n\`\`\``,
      "<!-- end of example -->",
    ].join("\n\n");
    result = result.replace(blockOf(name), () => block);
  }
  return result;
}

function blockOf(name: string): RegExp {
  return new RegExp(`<!-- example: ${name} -->\\n[\\s\\S]*?<!-- end of example -->`);
}

/** What an example prints with console.log. `roundoff/formats` is the source here, not the built package. */
async function outputOf(name: string): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
    lines.push(parts.map(String).join(" "));
  });
  try {
    await import(repositoryFile(`examples/${name}.mjs`));
  } finally {
    log.mockRestore();
  }
  return lines.join("\n");
}
