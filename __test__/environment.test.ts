// The variables that `.env` files set, held against what the real wrangler makes of the same files.

import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { findCommand } from "../lib/installed-package.js";
import { readEnvironment } from "../lib/wrangler/environment.js";
import { bareEnvironment } from "./support/cli.js";
import { temporaryDirectory } from "./support/build.js";
import { writeProject } from "./support/project.js";

/** What wrangler takes for the API token in a project with these files. */
async function tokenOfWrangler(root: string, args: string[], own: Record<string, string>) {
  const wrangler = (await findCommand(root, "wrangler")) ?? "";
  const home = temporaryDirectory();
  const env = { ...bareEnvironment(), HOME: home, XDG_CONFIG_HOME: home, CI: "1", ...own };
  return new Promise<string | undefined>((resolve) => {
    const command = [wrangler, "auth", "token", "--json", ...args];
    execFile(process.execPath, command, { cwd: root, env }, (error, stdout) => {
      resolve(error ? undefined : JSON.parse(/\{[^]*\}/u.exec(stdout)?.[0] ?? "{}").token);
    });
  });
}

const T = "CLOUDFLARE_API_TOKEN";

describe("reads the same as wrangler", () => {
  it.each<[string, Record<string, string>, string[], Record<string, string>]>([
    [
      "a byte order mark, carriage returns, a colon, quotes, comments, expansion",
      {
        ".env":
          '\uFEFFBOM=bom\rCR=cr\r\nCOLON: colon\nexport QUOTED="quo#ted" # comment\nPART=first\n' +
          "BOTH=${PART}-$CR\nOWNED=${OWN:-none}\nNONE=${MISSING:-default}\nESCAPED=a\\$PART\nRAW='$PART'",
        // Wrangler shows nothing but the token, so everything goes into it.
        ".env.local": `${T}=$BOM,$CR,$COLON,$QUOTED,$BOTH,$OWNED,$NONE,$ESCAPED,$RAW`,
      },
      [],
      { OWN: "own" },
    ],
    ["an old name", { ".env": "CF_API_TOKEN=old\n" }, [], {}],
    ["an empty value of the process", { ".env": `${T}=file` }, [], { [T]: "" }],
    ["--env", { ".env": `${T}=a`, ".env.staging": `${T}=b` }, ["--env", "staging"], {}],
    [
      "CLOUDFLARE_ENV, which does not choose files",
      { ".env": `${T}=a`, ".env.staging": `${T}=b` },
      [],
      { CLOUDFLARE_ENV: "staging" },
    ],
    [
      "--env-file",
      { ".env": `${T}=a`, one: `${T}=b`, two: `${T}=c` },
      ["--env-file", "one", "--env-file", "two"],
      {},
    ],
  ])("%s", async (_, files, args, own) => {
    const root = writeProject({ files });
    const given = (flag: string) => args.filter((_arg, index) => args[index - 1] === flag);
    const [env] = given("--env");
    const envFiles = given("--env-file");
    const options = { env, ...(envFiles.length > 0 ? { envFiles } : {}) };
    const read = readEnvironment(root, options, { ...own })[T];
    expect(read).toBeTruthy();
    expect(read).toBe(await tokenOfWrangler(root, args, own));
  });
});

describe("an unreadable file", () => {
  it.skipIf(process.platform === "win32")("does not block if it is a FIFO", () => {
    const root = temporaryDirectory();
    execFileSync("mkfifo", [path.join(root, ".env")]);
    writeFileSync(path.join(root, ".env.local"), "A=1");
    expect(readEnvironment(root, {}, {}).A).toBe("1");
  });

  it("is not read if it is too large", () => {
    const root = temporaryDirectory();
    writeFileSync(path.join(root, ".env"), `A=1\n#${"x".repeat(1024 * 1024)}`);
    expect(readEnvironment(root, {}, {}).A).toBeUndefined();
  });
});

it("leaves the process's own variables alone", () => {
  const root = temporaryDirectory();
  writeFileSync(path.join(root, ".env"), "SEED_TEST_OWN=1\n");
  readEnvironment(root);
  expect(process.env.SEED_TEST_OWN).toBeUndefined();
});
