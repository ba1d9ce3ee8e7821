// A directory with `fs.promises.writeFile` (`ROOT STORE`): 50 entries at a time.
//
// It leaves the files that the package leaves. Unlike the package, it writes them in place: what is cut
// off stays in part.

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { allPairs, openBuild } from "./entries.js";
import { contend } from "./contend.js";
import { inParallel } from "./in-parallel.js";

const AT_A_TIME = 50;

await contend(async ({ root, store }) => {
  const directory = store.slice("dir:".length);
  const build = openBuild(root);
  await inParallel(AT_A_TIME, allPairs(build), async ({ key, value, stays }) => {
    const stem = path.join(directory, fileName(key));
    if (stays !== undefined) {
      await writeFile(`${stem}.expires`, String(Math.floor(build.now / 1000) + stays));
    }
    await writeFile(`${stem}.value`, value);
  });
});

/** @param {string} key */
function fileName(key) {
  const hexadecimal = (/** @type {number} */ byte) => byte.toString(16).padStart(2, "0");
  return key.replaceAll(/[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${hexadecimal(byte)}`).join(""),
  );
}
