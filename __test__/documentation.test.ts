// The documentation's examples: each is a program, and runs in a project that was built.
//
// What imports the package is an example: code blocks of README.md and docs/, and the `@example`s of the
// types. Where a line ends in `console.log(…); // text`, that is what it has to print. Lists of codes are
// held against the code, and links against what is there.

import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PACKAGES } from "../compat/oracles/client.js";
import * as api from "../index.js";
import * as localApi from "../lib/local-api/server.js";
import { BUILD_ID, buildOf, payload, rendered } from "./support/build.js";
import { cli } from "./support/cli.js";
import { EXAMPLE_MODULES } from "./support/project.js";
import { startRecorder } from "./support/recorder.js";
import { writeWorker } from "./support/worker.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NAME = "@vinext/seed-native";

const DOCUMENTS = [
  "README.md",
  ...readdirSync(path.join(ROOT, "docs")).map((name) => `docs/${name}`),
];
const TYPES = ["index.d.ts", "lib/vite/vite.d.ts", "types/local-api/server.d.ts"];

/** A program of the documentation, and where it stands. */
interface Example {
  place: string;
  code: string;
}

const EXAMPLES = [
  ...DOCUMENTS.filter((file) => file.endsWith(".md")).flatMap((file) =>
    examplesIn(file, /^```(?:js|mjs|ts)\n([^]*?)^```$/gmu, (code) => code),
  ),
  ...TYPES.flatMap((file) =>
    examplesIn(file, /^ *\* @example\n([^]*?)^ *(?:\* @|\*\/)/gmu, (code) =>
      code.replace(/^ *\* ?/gmu, "").replace(/^```\w*\n/gmu, ""),
    ),
  ),
];

function examplesIn(file: string, pattern: RegExp, clean: (code: string) => string): Example[] {
  const text = readFileSync(path.join(ROOT, file), "utf-8");
  return [...text.matchAll(pattern)]
    .map((match) => ({
      place: `${file}:${text.slice(0, match.index).split("\n").length}`,
      code: clean(match[1] ?? ""),
    }))
    .filter(({ code }) => code.includes(`from "${NAME}`));
}

/** A project with a build of vinext 1.4.0 of two pages, and what it imports. */
function project(): string {
  const root = buildOf(
    [rendered("/about"), rendered("/blog/:slug", { path: "/blog/hello", revalidate: 60 })],
    {
      "about.html": "<!doctype html><title>About</title>",
      "about.rsc": payload(),
      "blog/hello.html": "<!doctype html><title>Hello</title>",
      "blog/hello.rsc": payload(),
    },
  );
  writeWorker(root, { buildId: BUILD_ID });
  const modules = path.join(root, "node_modules");
  mkdirSync(path.join(modules, "@vinext"), { recursive: true });
  symlinkSync(path.join(PACKAGES, "vinext-1.4.0"), path.join(modules, "vinext"), "junction");
  symlinkSync(ROOT, path.join(modules, ...NAME.split("/")), "junction");
  // What a Vite configuration imports.
  mkdirSync(path.join(modules, "@cloudflare"));
  for (const name of ["vite", "@vinext/cloudflare", "@cloudflare/vite-plugin"]) {
    symlinkSync(path.join(EXAMPLE_MODULES, name), path.join(modules, name), "junction");
  }
  return root;
}

async function run(code: string, apiBaseUrl: string) {
  const directory = project();
  const target = `apiBaseUrl: ${JSON.stringify(apiBaseUrl)}, `;
  // An option that an example sets itself comes later, and counts.
  writeFileSync(
    path.join(directory, "example.mjs"),
    code.replace(/((?:seed|prune)KvCache\(\{\s*)/gu, `$1${target}`),
  );
  const child = spawn(process.execPath, ["example.mjs"], {
    cwd: directory,
    env: {
      ...process.env,
      CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef",
      CLOUDFLARE_API_TOKEN: "a-token-of-the-documentation",
    },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf-8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf-8").on("data", (text: string) => (stderr += text));
  const status = await new Promise((resolve) => child.once("close", resolve));
  return { status, stdout, stderr };
}

describe("the example in", () => {
  it.each(EXAMPLES.map(({ place, code }) => [place, code]))("%s runs", async (_, code) => {
    const recorder = await startRecorder();
    const { status, stdout, stderr } = await run(code, recorder.baseUrl);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gmu)].map(
      ([, text]) => text,
    );
    if (promised.length > 0) expect(stdout.trimEnd().split("\n")).toEqual(promised);
    const seedsRemotely = code.includes("seedKvCache({") && !code.includes("apiBaseUrl");
    expect(recorder.pairs()).toHaveLength(seedsRemotely ? 4 : 0);
  });

  it("every function is documented", () => {
    const isFunction = ([, value]: [string, unknown]) => typeof value === "function";
    const names = [...Object.entries(api), ...Object.entries(localApi)].filter(isFunction);
    expect(names.length).toBeGreaterThan(2);
    const code = EXAMPLES.map((example) => example.code).join("\n");
    for (const [name] of names) expect(code).toContain(`${name}(`);
  });
});

it("docs/cli.md shows the command's current help", async () => {
  const { stdout } = await cli(["--help"], { cwd: ROOT });
  expect(readFileSync(path.join(ROOT, "docs/cli.md"), "utf-8")).toContain(`\n${stdout}\`\`\`\n`);
});

it("README.md has at most 900 words", () => {
  const words = readFileSync(path.join(ROOT, "README.md"), "utf-8").split(/\s+/u);
  expect(words.length).toBeLessThanOrEqual(900);
});

describe("docs/formats.md", () => {
  const text = readFileSync(path.join(ROOT, "docs", "formats.md"), "utf-8");
  const rows = [...text.matchAll(/^\| (g\d\d) \| ([^|]*) \|/gmu)].flatMap(
    ([, format, versions = ""]) =>
      versions.split(", ").map((version) => [version, format] as const),
  );

  it("has every format", () => {
    expect(new Set(rows.map(([, format]) => format)).size).toBe(10);
  });

  it.each(rows)("says of %s that its format is %s", (vinext, format) => {
    const { generation } = api.explainRoute({ route: "/", buildId: "b", runtime: { vinext } });
    expect(generation).toBe(format);
  });
});

describe("every stable code is documented:", () => {
  const read = (file: string) => readFileSync(path.join(ROOT, file), "utf-8");
  const engine = (file: string) => read(`crates/vinext-seed/src/${file}`);

  it.each<[string, string, string[]]>([
    [
      "why a route is skipped",
      "docs/compatibility.md",
      [
        ...[
          "plan/skip_reason",
          "manifest/route",
          "formats/artifact_path",
          "formats/stored_headers",
        ],
      ].flatMap((name) => codes(engine(`${name}.rs`))),
    ],
    [
      "why nothing is seeded, by the engine",
      "docs/integrating.md",
      [
        ...words(engine("report.rs")),
        ...["runtime/error", "runtime/build_id", "runtime/worker/check"].flatMap((name) =>
          codes(engine(`${name}.rs`)),
        ),
      ],
    ],
    [
      "why nothing is seeded, by lib/",
      "docs/integrating.md",
      filesIn("lib", ".js").flatMap((file) =>
        words(
          read(file)
            .split("\n")
            .filter((line) => /code: |Code: /u.test(line))
            .join("\n"),
        ),
      ),
    ],
    [
      "why it failed",
      "index.d.ts",
      [
        "seed/error.rs",
        "pack/mod.rs",
        ...[
          "error",
          "outcome",
          "http/network_error",
          "cloudflare_kv/reply",
          "directory/mod",
          "redis/reply",
          "s3/reply",
          "s3/transport",
        ].map((name) => `store/${name}.rs`),
      ].flatMap((file) => constants(engine(file))),
    ],
    [
      "why it failed, in JavaScript",
      "docs/integrating.md",
      [
        ...constants(read("lib/local-seed.js")),
        ...constants(read("lib/seed-from-project.js")),
        ...constants(read("lib/binding.js")).filter((code) => !/^ERR_|_NOT_FOUND$/u.test(code)),
      ],
    ],
  ])("%s, in %s", (_, document, codes) => {
    const text = read(document);
    expect(codes.length).toBeGreaterThan(4);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });

  it("no documented code has been removed", () => {
    const code = ["crates/vinext-seed/src", "lib"]
      .flatMap((directory) => [...filesIn(directory, ".rs"), ...filesIn(directory, ".js")])

      .map(read)
      .join("\n");
    const listed = ["docs/compatibility.md", "docs/integrating.md"].flatMap((file) =>
      [...read(file).matchAll(/^\| (`[^|]*) \|/gmu)].flatMap(([, cell = ""]) =>
        [...cell.matchAll(/`([\w-]+)`/gu)].map(([, listedCode = ""]) => listedCode),
      ),
    );
    expect(listed.length).toBeGreaterThan(40);
    expect(listed.filter((word) => !code.includes(`"${word}"`))).toEqual([]);
  });

  /** Text in quotes that looks like a code of a result: `no-manifest`. */
  function words(text: string): string[] {
    return [...text.matchAll(/"([a-z]+(?:-[a-z]+)+)"/gu)].map(([, word = ""]) => word);
  }

  /** The codes that an error or a reason returns, and those that it has as a constant. */
  function codes(text: string): string[] {
    return [...text.matchAll(/(?:=>|CODE: &'static str =) "([a-z]+(?:-[a-z]+)*)"/gu)].map(
      ([, code = ""]) => code,
    );
  }

  /** Text in quotes that looks like a code of an error: `KV_TIMEOUT`. */
  function constants(text: string): string[] {
    return [...text.matchAll(/"([A-Z]+(?:_[A-Z]+)+)"/gu)].map(([, word = ""]) => word);
  }

  function filesIn(directory: string, extension: string): string[] {
    return readdirSync(path.join(ROOT, directory), { recursive: true, encoding: "utf-8" })
      .filter((name) => name.endsWith(extension))
      .map((name) => path.join(directory, name));
  }
});

describe("links in", () => {
  const files = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
    "fuzz/README.md",
    ...DOCUMENTS,
  ];

  it.each(files)("%s resolve", (file) => {
    const text = readFileSync(path.join(ROOT, file), "utf-8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/gu)].map(([, link = ""]) => link);
    for (const link of links) {
      const [target = "", anchor] = link.split("#");
      const to =
        target === "" ? path.join(ROOT, file) : path.resolve(ROOT, path.dirname(file), target);
      expect(existsSync(to), link).toBe(true);
      if (anchor === undefined) continue;
      const anchors = [...readFileSync(to, "utf-8").matchAll(/^#+ (.*)$/gmu)].map(
        ([, title = ""]) =>
          title
            .toLowerCase()
            .replace(/[^\w\s-]/gu, "")
            .replaceAll(" ", "-"),
      );
      expect(anchors, link).toContain(anchor);
    }
  });
});
