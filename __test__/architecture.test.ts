// What may import what: the rules of ARCHITECTURE.md, checked against the code.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { OPTIONS } from "../lib/options/table.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ENGINE = path.join(ROOT, "crates", "vinext-seed", "src");
const LIB = path.join(ROOT, "lib");

/** As many as oxc-resolver has. */
const MAX_ROOT_ENTRIES = 34;

/** Which modules of the engine each module may use. Every module of the engine has a row. */
const ENGINE_IMPORTS: Record<string, string[]> = {
  background: ["sanitized_text"],
  files: ["sanitized_text"],
  sanitized_text: [],
  progress: [],
  formats: [],
  flight: [],
  store: ["background", "formats", "pack", "sanitized_text"],
  manifest: ["files", "sanitized_text"],
  runtime: ["files", "formats", "sanitized_text"],
  plan: ["files", "flight", "formats", "manifest", "sanitized_text", "store"],
  pack: ["files", "flight", "formats", "manifest", "plan", "sanitized_text", "store"],
  send: ["pack", "sanitized_text", "store"],
  report: ["manifest", "plan", "runtime", "send", "store"],
  prune: ["background", "formats", "pack", "sanitized_text", "send", "store"],
  seed: [
    ...["background", "files", "formats", "manifest", "pack", "plan", "progress"],
    ...["report", "runtime", "sanitized_text", "send", "store"],
  ],
};

/** Which directories of `lib/` each directory may import from; "" is `lib/` itself. */
const LIB_IMPORTS: Record<string, string[]> = {
  "": ["local-api", "options", "verify", "wrangler"],
  options: [""],
  verify: ["", "wrangler"],
  "local-api": [""],
  wrangler: [""],
  cli: ["", "options", "wrangler"],
  vite: ["", "cli"],
};

function filesIn(directory: string, extension: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => path.join(entry.parentPath, entry.name));
}

/** Rust code without comments, and without the tests at its end or in a file of their own. */
function rustCode(file: string): string {
  if (path.basename(file) === "tests.rs") return "";
  const code = readFileSync(file, "utf-8").replaceAll(/\/\/.*$/gmu, "");
  return code.split("#[cfg(test)]\nmod tests {")[0] ?? "";
}

/** The modules of the engine that a piece of code names after `crate::`. */
function engineImports(code: string): string[] {
  const single = [...code.matchAll(/\bcrate::(\w+)/gu)].map(([, name = ""]) => name);
  const grouped = [...code.matchAll(/\bcrate::\{([^;]*)\}/gu)].flatMap(([, names = ""]) =>
    [...names.matchAll(/(?:^|,)\s*(\w+)/gu)].map(([, name = ""]) => name),
  );
  return [...single, ...grouped].filter((name) => name in ENGINE_IMPORTS);
}

describe("the engine", () => {
  const modules = readdirSync(ENGINE)
    .map((name) => path.basename(name, ".rs"))
    .filter((name) => !["lib", "fuzzing"].includes(name));

  it("has a rule for every module", () => {
    expect(Object.keys(ENGINE_IMPORTS).sort()).toEqual([...new Set(modules)].sort());
  });

  it.each(Object.keys(ENGINE_IMPORTS))("%s imports only what it may", (name) => {
    const files = filesIn(ENGINE, ".rs").filter((file) => {
      const [top = ""] = path.relative(ENGINE, file).split(path.sep);
      return path.basename(top, ".rs") === name && path.basename(file) !== "fuzzing.rs";
    });
    expect(files).not.toEqual([]);
    const allowed = [name, ...(ENGINE_IMPORTS[name] ?? [])];
    const wrong = files.flatMap((file) =>
      engineImports(rustCode(file))
        .filter((imported) => !allowed.includes(imported))
        .map((imported) => `${path.relative(ROOT, file)} uses crate::${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it("does not mention Node or the names of JavaScript options", () => {
    const wrong = filesIn(ENGINE, ".rs").filter((file) =>
      /\bnapi\b|["`](?:maxMemoryBytes|maxBatchPairs|maxBatchBytes|apiToken|namespaceId|accountId)["`]/u.test(
        rustCode(file),
      ),
    );
    expect(wrong.map((file) => path.relative(ROOT, file))).toEqual([]);
  });
});

/** The files that a module imports by a relative path, dynamic imports included. */
function jsImports(file: string): string[] {
  const code = readFileSync(file, "utf-8").replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gmu, "");
  const specifiers = code.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/gu);
  return [...specifiers].map(([, specifier = ""]) => path.resolve(path.dirname(file), specifier));
}

describe("the engine's messages", () => {
  // Engine code outside of tests may read these: they are members of vinext's own files and adapters.
  const VINEXTS_OWN = ["buildId", "trailingSlash", "appPrefix", "ttlSeconds"];

  it("name no option of a JavaScript function", () => {
    const names = OPTIONS.map((row) => row.name.split(".").at(-1) ?? "")
      .filter((name) => /[a-z][A-Z]/u.test(name))
      .concat("routesSkipped", "seededRoutes", "skippedReasons")
      .filter((name) => !VINEXTS_OWN.includes(name));
    const named = new RegExp(`\\b(?:${[...new Set(names)].join("|")})\\b`, "gu");
    expect("set `allowUnprovenRoutes`").toMatch(named);
    const wrong = filesIn(ENGINE, ".rs").flatMap((file) =>
      [...rustCode(file).matchAll(named)].map(([name]) => `${path.relative(ROOT, file)}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("lib/", () => {
  const files = filesIn(LIB, ".js");

  it("has a rule for every directory", () => {
    const directories = files.map((file) => path.dirname(path.relative(LIB, file)));
    const names = directories.map((name) => (name === "." ? "" : name.split(path.sep)[0]));
    expect([...new Set(names)].sort()).toEqual(Object.keys(LIB_IMPORTS).sort());
  });

  it.each(Object.keys(LIB_IMPORTS))("lib/%s imports only what it may", (name) => {
    const allowed = [name, ...(LIB_IMPORTS[name] ?? [])];
    const directoryOf = (file: string) => {
      const [top = "", ...rest] = path.relative(LIB, file).split(path.sep);
      return rest.length === 0 ? "" : top;
    };
    const wrong = files
      .filter((file) => directoryOf(file) === name)
      .flatMap((file) =>
        jsImports(file)
          .filter((imported) => imported.startsWith(LIB + path.sep))
          .filter((imported) => !allowed.includes(directoryOf(imported)))
          .map(
            (imported) => `${path.relative(ROOT, file)} imports ${path.relative(ROOT, imported)}`,
          ),
      );
    expect(wrong).toEqual([]);
  });

  it("has no import cycle", () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, trail: string[]) => {
      if (trail.includes(file)) {
        const cycle = [...trail.slice(trail.indexOf(file)), file];
        cycles.push(cycle.map((each) => path.relative(LIB, each)).join(" -> "));
        return;
      }
      if (done.has(file)) return;
      for (const imported of jsImports(file)) {
        if (imported.startsWith(LIB + path.sep)) visit(imported, [...trail, file]);
      }
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

describe("the repository", () => {
  it(`has at most ${MAX_ROOT_ENTRIES} entries at its root`, () => {
    // Without `-z`, git quotes names that are not ASCII, and a quoted one looks like another entry.
    const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf-8" });
    const names = tracked.split("\0").filter((name) => name !== "");
    const entries = new Set(names.map((name) => name.split("/")[0]));
    expect(entries).toContain("package.json");
    expect(entries.size, [...entries].join(" ")).toBeLessThanOrEqual(MAX_ROOT_ENTRIES);
  });
});
