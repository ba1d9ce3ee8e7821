// `vinext-seed --local`, then the project's real `wrangler dev` and `vite preview`.

import { spawn } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { setupNamed } from "../../compat/matrix.js";
import { buildProject } from "../../compat/project.js";
import { findCommand } from "../../lib/installed-package.js";
import { startWranglerDev } from "../../scripts/wrangler-dev.js";
import { temporaryDirectory } from "../support/build.js";
import { cli } from "../support/cli.js";
import { expectAllHit, firstRequests } from "../support/deployable.js";

let root: string;

beforeAll(async () => {
  root = await buildProject(setupNamed("1.4.0"));
});

/** Seeds the local KV; there is no token and no account. */
async function seedLocally(...args: string[]) {
  const home = temporaryDirectory();
  const ended = await cli(["--local", ...args], {
    cwd: root,
    env: { HOME: home, XDG_CONFIG_HOME: home },
  });
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toMatch(/^Seeded \d+ pages into VINEXT_KV_CACHE/u);
  return ended.stdout;
}

describe("vinext-seed --local", () => {
  it("seeds what wrangler dev reads", async () => {
    const persistTo = temporaryDirectory();
    await seedLocally("--persist-to", persistTo);
    const worker = await startWranglerDev({ root, persistTo });
    onTestFinished(() => worker.stop());
    expectAllHit(await firstRequests(root, worker.url));
  });

  it("is read by a running wrangler dev", async () => {
    const persistTo = temporaryDirectory();
    const worker = await startWranglerDev({ root, persistTo });
    onTestFinished(() => worker.stop());
    // It has looked at its KV already, and found nothing.
    const response = await fetch(`${worker.url}/isr`);
    expect(response.headers.get("x-vinext-cache")).toBe("MISS");
    await response.arrayBuffer();
    await seedLocally("--persist-to", persistTo);
    expectAllHit(await firstRequests(root, worker.url));
  });

  it("seeds what vite preview reads", async () => {
    expect(await seedLocally()).toContain(path.join(root, ".wrangler", "state"));
    const url = await startVitePreview();
    expectAllHit(await firstRequests(root, url));
  });
});

async function startVitePreview() {
  const vite = await findCommand(root, "vite");
  const args = [vite ?? "", "preview", "--port", "0", "--host", "127.0.0.1"];
  const child = spawn(process.execPath, args, {
    cwd: root,
    // A process group of its own, to be ended as a whole.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, CI: "1", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" },
  });
  const end = () => {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // It has already ended.
    }
  };
  process.once("exit", end);
  onTestFinished(end);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf-8").on("data", (text: string) => (output += text));
  }
  for (let waited = 0; waited < 60_000; waited += 100) {
    const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(output)?.[0];
    if (url !== undefined) return url;
    expect(child.exitCode, output).toBeNull();
    await sleep(100);
  }
  throw new Error(`vite preview did not start:\n${output}`);
}
