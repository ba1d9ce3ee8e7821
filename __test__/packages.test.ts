// The packages that are published: the main one, and one for each platform.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as binding from "../lib/binding.js";
import { temporaryDirectory } from "./support/build.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PLATFORMS = readdirSync(path.join(ROOT, "npm")).sort();

function manifest(...directory: string[]) {
  return JSON.parse(readFileSync(path.join(ROOT, ...directory, "package.json"), "utf-8"));
}

/** Imports the package in a process with these flags. */
function importWith(
  flags: string[],
  cwd: string,
  { file = "index.js", env = {}, node = process.execPath } = {},
) {
  const script =
    `import("./${file}").then(() => console.log("{}"), ` +
    `({ code, message }) => console.log(JSON.stringify({ code, message })))`;
  const { stdout } = spawnSync(node, [...flags, "--eval", script], {
    cwd,
    encoding: "utf-8",
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as { code?: string; message?: string };
}

/** A module that changes what the process says about itself. */
const pretence = (statement: string) => `data:text/javascript,${encodeURIComponent(statement)}`;

/** Imports the package on a platform that this one pretends to be. */
function importOn(platform: string, arch: string) {
  const values = { platform: { value: platform }, arch: { value: arch } };
  const statement = `Object.defineProperties(process, ${JSON.stringify(values)})`;
  return importWith(["--import", pretence(statement)], ROOT);
}

const pretendNode = (version: string) =>
  pretence(
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`,
  );

describe("the package of each platform", () => {
  it("exists for every target", () => {
    expect(PLATFORMS).toHaveLength(manifest().napi.targets.length);
  });

  it.each(PLATFORMS)("%s declares its platform and has no install script", (platform) => {
    const main = manifest();
    const { name, version, os, cpu, libc, files, scripts, dependencies, ...rest } = manifest(
      "npm",
      platform,
    );
    const [system, arch, abi] = platform.split("-");
    expect({ name, version, os, cpu, libc, files, scripts, dependencies }).toEqual({
      name: `${main.name}-${platform}`,
      version: main.version,
      os: [system],
      cpu: [arch],
      libc: system === "linux" ? [abi === "gnu" ? "glibc" : "musl"] : undefined,
      files: [`seed-native.${platform}.node`, "THIRD-PARTY-LICENSES.txt"],
      scripts: undefined,
      dependencies: undefined,
    });
    const { license, engines, repository, publishConfig } = main;
    expect(rest).toMatchObject({ license, engines, repository, publishConfig });
  });
});

describe("the main package", () => {
  it("runs no install scripts", () => {
    const { scripts } = manifest();
    for (const hook of ["preinstall", "install", "postinstall", "prepare"]) {
      expect(scripts).not.toHaveProperty(hook);
    }
  });

  it("exports everything the native code exports", () => {
    const file = readdirSync(ROOT).find((name) => name.endsWith(".node"));
    const native = createRequire(import.meta.url)(`../${file}`);
    expect(Object.keys(binding).sort()).toEqual(Object.keys(native).sort());
  });

  it("names the package that is missing", () => {
    // No checkout has the code of both.
    const [platform, arch] = process.platform === "darwin" ? ["win32", "arm64"] : ["darwin", "x64"];
    const { code, message } = importOn(platform, arch);
    expect(code).toBe("NATIVE_CODE_MISSING");
    expect(message).toContain(`@vinext/seed-native-${platform}-${arch}`);
  });

  it.skipIf(process.platform !== "linux")("asks the process which C library it has", () => {
    const place = temporaryDirectory();
    for (const name of ["lib", "index.js", "package.json"])
      cpSync(path.join(ROOT, name), path.join(place, name), { recursive: true });
    symlinkSync(path.join(ROOT, "node_modules"), path.join(place, "node_modules"));
    const report = (header: object) =>
      pretence(`process.report.getReport = () => (${JSON.stringify({ header })})`);
    const libraries = [
      ["gnu", { glibcVersionRuntime: "2.36" }],
      ["musl", {}],
    ] as const;
    for (const [library, header] of libraries) {
      const name = `seed-native-linux-${process.arch}-${library}`;
      const missing = importWith(["--import", report(header)], place);
      expect(missing.code).toBe("NATIVE_CODE_MISSING");
      expect(missing.message).toContain(name);
      const file = path.join(place, `${name.replace("native-", "native.")}.node`);
      writeFileSync(file, "no library");
      const broken = importWith(["--import", report(header)], place);
      expect(broken.code).toBe("NATIVE_CODE_UNLOADABLE");
      expect(broken.message).toContain(name);
    }
  });

  it("loads the file that the environment names, and says if it cannot", () => {
    const file = path.join(temporaryDirectory(), "none.node");
    const { code, message } = importWith([], ROOT, {
      env: { NAPI_RS_NATIVE_LIBRARY_PATH: file },
    });
    expect(code).toBe("NATIVE_CODE_UNLOADABLE");
    expect(message).toContain(file);
  });

  it("reports disabled native code", () => {
    const permission =
      Number(process.versions.node.split(".")[0]) >= 24
        ? "--permission"
        : "--experimental-permission";
    for (const flags of [["--no-addons"], [permission, "--allow-fs-read=*"]]) {
      const { code, message } = importWith(flags, ROOT);
      expect(code).toBe("NATIVE_CODE_DISABLED");
      expect(message).toContain("--allow-addons");
    }
  });

  it("reports native code without permission to read it", () => {
    const place = temporaryDirectory();
    for (const name of ["lib", "index.js", "package.json"])
      cpSync(path.join(ROOT, name), path.join(place, name), { recursive: true });
    const binary = readdirSync(ROOT).find((name) => name.endsWith(".node")) ?? "";
    const name = `@vinext/${binary.replace(/\.node$/u, "").replace("native.", "native-")}`;
    const home = path.join(place, "node_modules", name);
    mkdirSync(home, { recursive: true });
    cpSync(path.join(ROOT, binary), path.join(home, binary));
    writeFileSync(path.join(home, "package.json"), JSON.stringify({ name, main: binary }));
    const flags = ["lib", "index.js", "package.json"].map(
      (file) => `--allow-fs-read=${path.join(place, file)}`,
    );
    // Node 20 does not guard the manifests of packages.
    const node = path.join(ROOT, "node_modules/node/bin/node");
    const { code, message } = importWith(["--permission", "--allow-addons", ...flags], place, {
      node,
    });
    expect(code, message).toBe("NATIVE_CODE_DISABLED");
    expect(message).toContain("--allow-fs-read");
  });

  it("reports why its native code cannot be loaded", () => {
    const place = temporaryDirectory();
    const names = ["lib", "index.js", "package.json"];
    for (const name of names)
      cpSync(path.join(ROOT, name), path.join(place, name), { recursive: true });
    symlinkSync(path.join(ROOT, "node_modules"), path.join(place, "node_modules"));
    const binary = readdirSync(ROOT).find((name) => name.endsWith(".node")) ?? "";
    writeFileSync(path.join(place, binary), "no library");
    const { code, message } = importWith([], place);
    expect(code).toBe("NATIVE_CODE_UNLOADABLE");
    expect(message).toMatch(/^@vinext\/seed-native-[\w-]+ cannot be loaded: .+/u);
  });

  it.each(["es", "cjs"] as const)("reports that it has been bundled (%s)", async (format) => {
    const place = temporaryDirectory();
    const file = path.join(place, format === "es" ? "bundle.mjs" : "bundle.cjs");
    const bundle = await rolldown({
      input: path.join(ROOT, "index.js"),
      platform: "node",
      logLevel: "silent",
    });
    await bundle.write({ file, format });
    const { code, message } = importWith([], place, { file: path.basename(file) });
    expect(code).toBe("NATIVE_CODE_BUNDLED");
    expect(message).toContain("do not bundle");
  });

  it("reports the required Node version", () => {
    const { code, message } = importWith(["--import", pretendNode("18.20.8")], ROOT);
    expect(code).toBe("NODE_TOO_OLD");
    expect(message).toContain("needs Node.js 20.19 or later, and this is 18.20.8");
  });

  it("has a command that reports the required version on older Nodes", () => {
    const bin = path.join(ROOT, "bin/vinext-seed.js");
    for (const version of ["14.21.3", "18.20.8", "20.18.3"]) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ["--import", pretendNode(version), bin, "plan"],
        { encoding: "utf-8" },
      );
      expect({ status, stdout, stderr }).toEqual({
        status: 2,
        stdout: "",
        stderr: `vinext-seed needs Node.js 20.19 or later, and this is ${version}.\n`,
      });
    }
    // Nothing that a compiler would have to rewrite for Node 14, and nothing that is imported first.
    const code = readFileSync(bin, "utf-8").replace(/^#!.*\n/u, "");
    const compiled = (target: ts.ScriptTarget) =>
      ts.transpileModule(code, { compilerOptions: { target, module: ts.ModuleKind.ESNext } })
        .outputText;
    expect(compiled(ts.ScriptTarget.ES2020)).toBe(compiled(ts.ScriptTarget.ESNext));
    expect(code).not.toMatch(/^[^/\n]*\bawait\b|^import\b(?!\()/mu);
    const { engines } = manifest();
    expect(engines.node).toBe(">=20.19");
  });

  it("lists supported platforms on an unsupported one", () => {
    const { code, message } = importOn("freebsd", "x64");
    expect(code).toBe("PLATFORM_UNSUPPORTED");
    expect(message).toContain("freebsd-x64");
    for (const platform of PLATFORMS) expect(message).toContain(platform);
  });
});
