/**
 * Writes down what users of Roundoff can name: the exports of each public entry, and every command with its options.
 * Reads the lists from the index files, where names are written out one by one.
 */
import type { Command } from "commander";
import { withSubcommands } from "../src/cli/run-cli.ts";

/** Names that an index file exports, sorted; types marked. Throws for `export *`, which would hide what is public. */
export function exportedNames(index: string): string[] {
  const code = index.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");
  if (/\bexport\s*\*\s*from\b/.test(code))
    throw new Error("an index file lists its names one by one, without export *");
  const namespaces = [...code.matchAll(/\bexport\s*\*\s*as\s+(\w+)/g)].map(
    (match) => `${match[1]} (namespace)`,
  );
  const lists = [...code.matchAll(/\bexport\s+(type\s+)?\{([^}]*)\}/g)].flatMap(([, type, names]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .map((name) => publicName(type === undefined ? name : `type ${name}`)),
  );
  return [...namespaces, ...lists].sort();
}

/** `type A as B` → `B (type)`. */
function publicName(declaration: string): string {
  const isType = declaration.startsWith("type ");
  const name = declaration.replace(/^type\s+/, "").replace(/^\w+\s+as\s+/, "");
  return isType ? `${name} (type)` : name;
}

/** One line for each command that does something: its arguments, then its options, required ones without brackets. */
export function commandLines(program: Command, nameOf: (command: Command) => string): string[] {
  return withSubcommands(program)
    .filter((command) => command.commands.length === 0)
    .map((command) => {
      const values = command.registeredArguments.map((argument) =>
        argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      );
      const options = command.options.map(({ flags, mandatory }) => (mandatory ? flags : `[${flags}]`));
      return [nameOf(command), ...values, ...options].join(" ");
    });
}
