// The packages as a project gets them: packed, published to a registry, installed, used.

import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { MANIFEST, hostTarget } from "../../scripts/release/targets.js";
import { MANAGERS, NODES, installed } from "./managers.js";
import { HERE, must, removeScratch, run } from "./run.js";

const SEEDED = {
  explained: "cache:app:v2:a-build:/about:html",
  keys: ["cache:app:v2:a-build:/about:html", "cache:app:v2:a-build:/about:rsc"],
  seededRoutes: 1,
};

/** The package with the native code for this machine. */
const PLATFORM = `${MANIFEST.name}-${hostTarget().platform}`;

afterAll(removeScratch);

const COMMANDS = Object.keys(MANIFEST.bin ?? {});

describe.each(MANAGERS)("installed by $name", (manager) => {
  let project = "";
  beforeAll(() => {
    project = installed(manager);
  });

  describe.each(NODES)("in %s", (_, node) => {
    const script = (name: string) => [node, ...(manager.nodeOptions ?? []), name];

    it.each(["import.mjs", "require.cjs"])("seeds a page from %s, without a warning", (name) => {
      const { stdout, stderr, status } = run(project, script(name));
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual(SEEDED);
      if (manager.nodeOptions === undefined) expect(stderr).toBe("");
    });

    it("works in threads, even if some are terminated", () => {
      const results = JSON.parse(must(project, script("workers.mjs")));
      expect(results).toEqual(Array.from({ length: 5 }, () => SEEDED));
    });
  });

  it.each(["nodenext", "bundler"])("has types for module resolution %s", (resolution) => {
    const tsc = [...manager.program, ...manager.exec, "tsc", "-p", `tsconfig.${resolution}.json`];
    const { stdout, status } = run(project, tsc);
    expect(status, stdout).toBe(0);
  });

  it.for(COMMANDS)("has the command %s", (command) => {
    const version = must(project, [...manager.program, ...manager.exec, command, "--version"]);
    expect(version).toContain(MANIFEST.version);
  });

  it.runIf(manager.omitOptional !== undefined)(
    "names the missing package without optional dependencies",
    () => {
      const bare = installed(manager, manager.omitOptional);
      const failures = JSON.parse(must(bare, [process.execPath, "failure.mjs"]));
      expect(failures).toHaveLength(2);
      for (const { code, message } of failures) {
        expect(code).toBe("NATIVE_CODE_MISSING");
        expect(message).toContain(PLATFORM);
      }
    },
  );
});

describe("installed for another platform", () => {
  const [npm] = MANAGERS;
  if (npm === undefined) throw new Error("npm is missing");

  it("names the package of this one", () => {
    // What a `node_modules` is that was copied from another machine.
    const other = process.platform === "darwin" ? ["--os=win32", "--cpu=arm64"] : ["--os=darwin"];
    const project = installed(npm, other);
    const failures = JSON.parse(must(project, [process.execPath, "failure.mjs"]));
    for (const { code, message } of failures) {
      expect(code).toBe("NATIVE_CODE_MISSING");
      expect(message).toContain(PLATFORM);
    }
    expect(failures).toHaveLength(2);
  });

  it("installs on an unsupported platform, and fails when used", () => {
    const project = installed(npm, ["--os=freebsd", "--cpu=x64"]);
    const pretence = `Object.defineProperties(process, { platform: { value: "freebsd" }, arch: { value: "x64" } })`;
    const imported = `data:text/javascript,${encodeURIComponent(pretence)}`;
    const failures = JSON.parse(
      must(project, [process.execPath, "--import", imported, "failure.mjs"]),
    );
    for (const { code, message } of failures) {
      expect(code).toBe("PLATFORM_UNSUPPORTED");
      expect(message).toContain("freebsd-x64");
    }
    expect(failures).toHaveLength(2);
  });
});

describe("two copies", () => {
  it("work side by side in one process", () => {
    const [one, other] = MANAGERS.map((manager) => installed(manager));
    const copies = must(HERE, [process.execPath, "consumer/copies.mjs", one ?? "", other ?? ""]);
    expect(JSON.parse(copies)).toEqual([SEEDED, SEEDED]);
  });
});

describe.each(inject("tarballs").map((tarball) => [path.basename(tarball), tarball]))(
  "%s",
  (name, tarball) => {
    const isMain = name === `vinext-seed-native-${MANIFEST.version}.tgz`;

    it("passes publint", () => {
      const cli = path.join(HERE, "node_modules", "publint", "src", "cli.js");
      const { stdout, status } = run(HERE, [process.execPath, cli, tarball, "--strict"]);
      expect(status, stdout).toBe(0);
    });

    it.runIf(isMain)("passes attw", () => {
      const cli = path.join(HERE, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
      // The package is ESM, which CommonJS can require from Node 20.19 on; consumer/types.cts proves it.
      const { stdout, status } = run(HERE, [
        process.execPath,
        cli,
        tarball,
        "--profile",
        "esm-only",
      ]);
      expect(status, stdout).toBe(0);
    });
  },
);
