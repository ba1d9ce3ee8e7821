import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

// Everything that the build reads.
const INPUTS = ["app", "content", "lib", "next.config.mjs", "package.json", "vite.config.ts"];

const digest = createHash("sha256");
for (const file of INPUTS.flatMap(filesOf)) digest.update(`${file}\0`).update(readFileSync(file));
const id = digest.digest("hex").slice(0, 32);

export default { generateBuildId: () => id, deploymentId: id };

function filesOf(input) {
  if (path.extname(input) !== "") return [input];
  return readdirSync(input, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath ?? file.path, file.name))
    .sort();
}
