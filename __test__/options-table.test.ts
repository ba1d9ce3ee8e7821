// The options table: types, checks, flags and docs all follow from it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as api from "../index.js";
import { dispatch } from "../lib/cli/arguments.js";
import { FUNCTIONS, type FunctionName } from "../lib/options/option.js";
import { OPTIONS, membersOf, optionsOf } from "../lib/options/table.js";
import { DOCUMENTS, withTables } from "../scripts/option-tables.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Values of each kind that are right, and some that are not. */
const VALUES: Record<string, { right: unknown[]; wrong: unknown[] }> = {
  text: { right: ["x"], wrong: [5, true, {}, ["x"]] },
  file: { right: ["x"], wrong: [5, true, {}] },
  site: { right: ["https://example.com"], wrong: [5, "", "nonsense"] },
  globs: { right: [["/a/**"]], wrong: ["x", [5], [""], {}] },
  files: { right: [["x"]], wrong: ["x", [5], [""], {}] },
  "file or false": { right: ["x", false], wrong: [true, 5, {}] },
  boolean: { right: [true, false], wrong: ["yes", 1, {}] },
  count: { right: [1], wrong: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", true] },
  object: { right: [], wrong: [5, "x", true] },
  function: { right: [() => {}], wrong: [5, "x", {}] },
  signal: { right: [new AbortController().signal], wrong: [5, "x", {}, { aborted: false }] },
  "store type": { right: [], wrong: [5, "x", {}] },
  any: { right: [], wrong: [] },
  store: { right: [{ type: "dir", path: "x" }], wrong: [5, "nonsense", {}, { type: "x" }] },
  handler: { right: [{ set() {} }], wrong: [5, "x", {}] },
  pages: { right: [], wrong: [5, {}, true] },
};

/** Options with which each function has nothing to do, because there is no build. */
const REQUIRED: Record<string, unknown> = {
  root: path.join(ROOT, "there-is-none"),
  accountId: "0123456789abcdef0123456789abcdef",
  namespaceId: "0123456789abcdef0123456789abcdef",
  apiToken: "a-token",
  directory: "x",
  store: { type: "dir", path: "x" },
  handler: { set() {} },
  route: "/",
  buildId: "b",
  runtime: { vinext: "1.4.0" },
};

function good(name: FunctionName): Record<string, unknown> {
  const required = optionsOf(name).filter(({ requiredBy = [], name: option }) =>
    [...requiredBy, ...(option === "root" ? [name] : [])].includes(name),
  );
  return Object.fromEntries(required.map((row) => [row.name, REQUIRED[row.name]]));
}

/** The error that a function ends with, however it tells. */
async function errorOf(name: FunctionName, options: unknown) {
  try {
    const call = api[name] as (options: unknown) => Promise<any>;
    return (await call(options)).failure as { code: string; message: string } | undefined;
  } catch (error) {
    return error as { code: string; message: string };
  }
}

/** An option with a value, in its object if it is a member. */
function withValue(name: FunctionName, option: string, value: unknown) {
  const [parent = "", member] = option.split(".");
  const given = good(name);
  const type = OPTIONS.find((row) => row.name === option)?.storeTypes?.[0];
  const others = { runtime: { vinext: "1.4.0" }, store: { type } }[parent] ?? {};
  const inside = { ...others, [member ?? ""]: value };
  return { ...given, [parent]: member === undefined ? value : inside };
}

const CASES = FUNCTIONS.flatMap((name) =>
  OPTIONS.filter((row) => row.of.includes(name)).map((row) => [name, row.name, row] as const),
);

describe("the check of", () => {
  it.each(CASES)("%s: %s", async (name, option, { kind, max, of, requiredBy }) => {
    const { right, wrong } = VALUES[kind] ?? { right: [], wrong: [] };
    if (kind !== "any") expect(right.length + wrong.length).toBeGreaterThan(0);
    const tooLarge = kind === "count" ? [(max ?? 0) + 1] : [];
    for (const value of [...wrong, ...tooLarge]) {
      const error = await errorOf(name, withValue(name, option, value));
      expect(error?.code, `${option}: ${String(value)}`).toBe("INVALID_OPTION");
      expect(error?.message).toContain(`\`${option}`);
    }
    const isRequired = requiredBy?.includes(name) ?? false;
    if (isRequired) {
      for (const value of [undefined, null]) {
        const error = await errorOf(name, withValue(name, option, value));
        expect(error?.code).toBe("INVALID_OPTION");
      }
    }
    // It requires `pages`. What is right for a store is tested with the store.
    if (option === "buildId" || option.startsWith("store.")) return;
    // What is right for one function is so for the others. What URLs must be is checked elsewhere.
    if (isRequired || of[0] !== name || name === "explainRoute" || option === "apiBaseUrl") return;
    // Without a built site, `seedCache` needs a store.
    const missing = name === "seedCache" && option === "store" ? [] : [undefined, null];
    for (const value of [...missing, ...right, ...(kind === "count" ? [max] : [])]) {
      const error = await errorOf(name, withValue(name, option, value));
      expect(error?.code, `${option}: ${String(value)}: ${error?.message}`).not.toBe(
        "INVALID_OPTION",
      );
    }
  });
});

describe("the type of the options of", () => {
  const file = path.join(ROOT, "index.d.ts");
  const program = ts.createProgram([file], { strict: true, lib: ["lib.es2022.d.ts"], types: [] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source as ts.Node)!);

  function propertiesOf(type: ts.Type): string[] {
    return checker
      .getPropertiesOfType(checker.getNonNullableType(type))
      .filter((property) => !property.getJsDocTags(checker).some(({ name }) => name === "internal"))
      .map((property) => property.name)
      .sort();
  }

  it.each(FUNCTIONS)("%s has the options of the table", (name) => {
    const symbol = exported.find((one) => one.name === name)!;
    const type = checker.getTypeOfSymbolAtLocation(symbol, source as ts.Node);
    const parameter = type.getCallSignatures()[0]!.getParameters()[0]!;
    const options = checker.getTypeOfSymbolAtLocation(parameter, source as ts.Node);
    const rows = optionsOf(name);
    expect(propertiesOf(options)).toEqual(rows.map((row) => row.name).sort());
    for (const { name: option, kind } of rows.filter((row) => row.kind === "object")) {
      const member = checker.getPropertyOfType(checker.getNonNullableType(options), option)!;
      const inside = checker.getTypeOfSymbolAtLocation(member, source as ts.Node);
      const names = membersOf(option, name).map((row) => row.name.slice(option.length + 1));
      expect(propertiesOf(inside), `${option}: ${kind}`).toEqual(names.sort());
    }
  });

  it.each([
    ["redis", "RedisStoreOptions"],
    ["s3", "S3StoreOptions"],
    ["dir", "DirectoryStoreOptions"],
    ["handler", "HandlerStoreOptions"],
  ] as const)("a store of type %s has the members of the table", (storeType, name) => {
    const symbol = exported.find((one) => one.name === name)!;
    const rows = OPTIONS.filter((row) => row.storeTypes?.includes(storeType));
    const names = rows.map((row) => row.name.slice("store.".length));
    expect(propertiesOf(checker.getDeclaredTypeOfSymbol(symbol))).toEqual(
      [...names, "type"].sort(),
    );
  });
});

describe("the flag", () => {
  const FLAGS = OPTIONS.flatMap((row) =>
    (row.flags ?? []).map((flag) => [flag.flags, flag.commands?.[0] ?? "run", row, flag] as const),
  );

  /** What a command is given, and what is printed. */
  async function read(args: string[]) {
    let invocation: any;
    let printed = "";
    const out = (text: string) => void (printed += text);
    await dispatch(args, async (given) => ((invocation = given), 0), { out, err: out }).catch(
      (error: { exitCode?: number }) => expect(error.exitCode).not.toBe(0),
    );
    const { options, choice, verify, ...rest } = invocation ?? {};
    return { given: { ...rest, ...options, ...choice, ...verify }, printed };
  }

  it.each(FLAGS)("%s of %s sets its option", async (flags, command, row, { parser }) => {
    const [, name = ""] = /(--[\w-]+)/u.exec(flags) ?? [];
    const takesValue = flags.includes("<");
    const text =
      parser === "age" ? "2m" : ({ count: "7", store: "dir:/x" }[row.kind as string] ?? "/x");
    // Some flags require another one.
    const more: Record<string, string[]> = {
      "--persist-to": ["--local"],
      "--adapter-version": ["--vinext-version", "1.4.0"],
      "--url": command === "deploy" ? ["--verify"] : [],
      "--sample": command === "deploy" ? ["--verify"] : [],
    };
    const args = [command, ...(more[name] ?? []), name, ...(takesValue ? [text] : []), ROOT];
    const { given, printed } = await read(args);
    const [parent = "", member] = row.name.split(".");
    if (row.name === "verify") return;
    const value = member === undefined ? given[parent] : given[parent]?.[member];
    const expected = parser === "age" ? 120 : row.kind === "count" ? 7 : text;
    const repeated = row.kind === "globs" || row.kind === "files" ? [expected] : expected;
    expect(value, printed).toEqual(takesValue ? repeated : !name.startsWith("--no-"));
    if (takesValue && !row.mayBeEmpty) {
      expect((await read([command, ...(more[name] ?? []), name, "", ROOT])).printed).toContain(
        name,
      );
    }
    if (row.kind === "count" && parser === undefined) {
      const tooLarge = String((row.max ?? 0) + 1);
      const { given: none, printed: said } = await read([command, name, tooLarge, ROOT]);
      expect(none).toEqual({});
      expect(said).toContain(name);
    }
  });
});

it.each(DOCUMENTS)("%s has the tables that `node scripts/option-tables.js` writes", (name) => {
  const text = readFileSync(path.join(ROOT, name), "utf-8");
  expect(text).toContain("<!-- end -->");
  expect(withTables(text)).toBe(text);
});

it("every option is in a table of docs/options.md, and every flag in docs/cli.md", () => {
  const read = (name: string) => readFileSync(path.join(ROOT, "docs", name), "utf-8");
  const functionOptions = OPTIONS.filter(({ of }) => of.length > 0);
  for (const { name } of functionOptions) expect(read("options.md")).toContain(`| \`${name}\` |`);
  const flags = OPTIONS.flatMap((row) => row.flags ?? []).map(({ flags: text }) => text);
  for (const flag of flags) {
    expect(read("cli.md")).toContain(`\`${flag.split(", ").at(-1)}\` |`);
  }
});
