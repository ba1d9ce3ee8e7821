// The texts in a React Server Components payload.
//
// Written independently of the engine's reader, which it checks.

/** Rows whose content has a length instead of a line's end: text, and typed arrays. */
const TEXT = 0x54;
const BINARY = new Set([..."AOoUSsLlGgMmV"].map((tag) => tag.charCodeAt(0)));

/**
 * @param {Buffer} payload
 * @returns {string[]} what stands as a child of some element
 */
export function flightTexts(payload) {
  /** @type {string[]} */
  const texts = [];
  for (const { tag, content } of flightRows(payload)) {
    if (tag === "T") texts.push(content.toString());
    if (tag === "") collect(JSON.parse(content.toString()), texts);
  }
  return texts;
}

/**
 * @param {Buffer} payload
 * @returns {Generator<{ id: string, tag: string, content: Buffer }>} `tag` is empty for a model
 */
export function* flightRows(payload) {
  let at = 0;
  while (at < payload.length) {
    const colon = payload.indexOf(0x3a, at);
    if (colon === -1) throw new Error(`no row begins at byte ${at} of a payload`);
    const id = payload.subarray(at, colon).toString();
    const tag = payload[colon + 1] ?? 0;
    if (tag === TEXT || BINARY.has(tag)) {
      const comma = payload.indexOf(0x2c, colon);
      const length = Number.parseInt(payload.subarray(colon + 2, comma).toString(), 16);
      at = comma + 1 + length;
      yield { id, tag: String.fromCharCode(tag), content: payload.subarray(comma + 1, at) };
      continue;
    }
    const newline = payload.indexOf(0x0a, colon);
    const end = newline === -1 ? payload.length : newline;
    const isTagged = tag >= 0x41 && tag <= 0x5a;
    const content = payload.subarray(colon + (isTagged ? 2 : 1), end);
    yield { id, tag: isTagged ? String.fromCharCode(tag) : "", content };
    at = end + 1;
  }
}

/**
 * @param {any} model
 * @param {string[]} texts
 * @param {boolean} [isChild]
 */
function collect(model, texts, isChild = false) {
  if (typeof model === "string") {
    // What begins with one dollar sign refers to another row.
    if (isChild && model.startsWith("$$")) texts.push(model.slice(1));
    else if (isChild && !model.startsWith("$") && model.trim() !== "") texts.push(model);
  } else if (typeof model === "number" && isChild) {
    texts.push(String(model));
  } else if (Array.isArray(model)) {
    const isElement = model[0] === "$" && typeof model[1] === "string";
    for (const part of isElement ? [model[3]] : model) collect(part, texts, isChild && !isElement);
  } else if (model !== null && typeof model === "object") {
    for (const [name, part] of Object.entries(model)) collect(part, texts, name === "children");
  }
}
