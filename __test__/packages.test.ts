// The packages that are published: the main one, and one for each platform.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as binding from "../lib/binding.js";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PLATFORMS = readdirSync(path.join(ROOT, "npm")).sort();

function manifest(...directory: string[]) {
  return JSON.parse(readFileSync(path.join(ROOT, ...directory, "package.json"), "utf-8"));
}

/** Imports the package on a platform that this one pretends to be. */
function importOn(platform: string, arch: string) {
  const pretence =
    `Object.defineProperties(process, ` +
    `{ platform: { value: ${JSON.stringify(platform)} }, arch: { value: ${JSON.stringify(arch)} } })`;
  const script =
    `import("./index.js").then(() => console.log("{}"), ` +
    `({ code, message }) => console.log(JSON.stringify({ code, message })))`;
  const { stdout } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(pretence)}`, "--eval", script],
    { cwd: ROOT, encoding: "utf-8" },
  );
  return JSON.parse(stdout) as { code?: string; message?: string };
}

describe("the package of each platform", () => {
  it("is there for every target that is built", () => {
    expect(PLATFORMS).toHaveLength(manifest().napi.targets.length);
  });

  it.each(PLATFORMS)("%s says where it can be installed, and runs nothing there", (platform) => {
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
  it("runs nothing where it is installed", () => {
    const { scripts } = manifest();
    for (const hook of ["preinstall", "install", "postinstall", "prepare"]) {
      expect(scripts).not.toHaveProperty(hook);
    }
  });

  it("hands on everything that the native code exports", () => {
    const native = createRequire(import.meta.url)("../native.cjs");
    const { __napiBindingTarget: _, ...exported } = native;
    expect({ ...binding }).toEqual(exported);
  });

  it("names the package that is missing", () => {
    // No checkout has the code of both.
    const [platform, arch] = process.platform === "darwin" ? ["win32", "arm64"] : ["darwin", "x64"];
    const { code, message } = importOn(platform, arch);
    expect(code).toBe("NATIVE_CODE_MISSING");
    expect(message).toContain(`@vinext/seed-native-${platform}-${arch}`);
  });

  it("says that a platform is not supported, and which are", () => {
    const { code, message } = importOn("freebsd", "x64");
    expect(code).toBe("PLATFORM_UNSUPPORTED");
    expect(message).toContain("freebsd-x64");
    for (const platform of PLATFORMS) expect(message).toContain(platform);
  });
});
